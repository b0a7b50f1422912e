@main struct TermTalkCommand { static func main() {} }
