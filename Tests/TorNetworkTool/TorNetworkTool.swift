@main struct TorNetworkTool { static func main() {} }
