internal import Chat
internal import EventLoop

extension ListenError {
    var notice: ChatEvent.Notice {
        switch self {
        case .addressInUse:
            .init(.addressInUse, "cannot listen: the address is in use", hint: "choose another port, or 0 for any")
        case .permissionDenied:
            .init(.addressInvalid, "cannot listen: this user may not use that port", hint: "choose a port above 1023")
        case .addressNotAvailable, .invalidAddress, .pathTooLong, .pathOccupied:
            .init(
                .addressInvalid, "cannot listen: this machine does not have that address",
                hint: "use 0.0.0.0:PORT for all addresses of this machine")
        case .failed(let code):
            .init(.addressInvalid, "cannot listen: \(SystemError.text(code))", hint: "choose another address")
        }
    }
}
