internal import Chat
internal import EventLoop

extension ChatEvent.Notice {
    static let noMetricsPlace = Self(
        .inputInvalid, "--metrics cannot be used: it names neither a file nor a socket",
        hint: "write /run/user/1000/room.prom, or unix:/run/user/1000/room.sock")

    /// The socket of metrics cannot be opened.
    static func metricsSocket(_ error: ListenError) -> ChatEvent.Notice {
        let (code, reason): (NoticeCode, String) =
            switch error {
            case .addressInUse: (.addressInUse, "another program listens there")
            case .pathOccupied: (.addressInvalid, "something that is no socket is in its place")
            case .pathTooLong: (.addressInvalid, "its path has more than 107 bytes")
            case .permissionDenied: (.addressInvalid, "this user may not write there")
            case .invalidAddress, .addressNotAvailable: (.addressInvalid, "there is no such folder")
            case .failed(let number): (.addressInvalid, SystemError.text(number))
            }
        return .init(
            code, "the metrics cannot be shown: \(reason)",
            hint: "--metrics unix:PATH wants a new name in a folder of yours, such as $XDG_RUNTIME_DIR")
    }

    /// The file of metrics cannot be written.
    static func metricsFile(_ failure: PrivateFile.Failure?) -> ChatEvent.Notice {
        let reason: String =
            switch failure {
            case .unreadable(let number), .unwritable(let number): SystemError.text(number)
            case .tooLarge, .openToOthers: "the file that is there is no file of metrics, or others may write it"
            case .locked, nil: "the disk does not answer"
            }
        return .init(
            .outputUnwritable, "the metrics cannot be written: \(reason)",
            hint: "--metrics FILE wants a file of its own in a folder that this user may write")
    }
}
