/// A ``StoreCommand`` as Redis is asked: by a script, and its arguments.
struct RedisRequest {
    let kind: RedisCommandKind
    /// Nil for the snapshot, which is a plain command.
    let script: RedisScript?
    let arguments: [[UInt8]]

    init(_ command: StoreCommand) {
        switch command {
        case .status:
            self.init(.status, .status, [])
        case .report(let token, let holding, let request, let writer, let report):
            let (verb, round) =
                switch request {
                case .naming(let round): ("naming", round)
                case .within(let round): ("within", round)
                }
            self.init(
                .status, .report,
                [
                    token.text, holding?.last.text ?? "", holding?.epochHead.text ?? "", verb, round.text, writer.text,
                    report.text,
                ])
        case .read(let after, let limit):
            self.init(.entries, .read, [after.text, "\(limit)"])
        case .append(let token, let epochHead, let entries, let after, let limit):
            self.init(.entries, .append, [token.text, epochHead.text, after.text, "\(limit)"], entries)
        case .load:
            self.init(.snapshot, nil, [])
        case .open(let request):
            self.init(request)
        case .keep(let token, let epochHead, let position, let snapshot, let trimming):
            let least = trimming.map { LogPosition(epoch: $0.epoch, number: $0.number &+ 1).text } ?? ""
            self.init(
                .change, .keep, [token.text, epochHead.text, position.text], [snapshot, Array(least.utf8)])
        }
    }

    private init(_ request: EpochRequest) {
        var entries: [StoredEntry] = []
        var snapshot: [[UInt8]] = [[], []]
        let base: String
        switch request.base {
        case .creating:
            base = "creating"
        case .restoring(let restored):
            base = "restoring"
            entries = restored
        case .replacing(let bytes, let position):
            base = "replacing"
            snapshot = [Array(position.text.utf8), bytes]
        }
        self.init(
            .change, .open,
            [
                request.token.text, request.holding?.last.text ?? "", request.holding?.epochHead.text ?? "",
                request.round?.text ?? "", base, request.epochHead.text,
            ], snapshot + (entries + [request.opening]).flatMap { [Array($0.position.text.utf8), $0.bytes] })
    }

    private init(_ kind: RedisCommandKind, _ script: RedisScript?, _ words: [String], _ bytes: [[UInt8]] = []) {
        self.kind = kind
        self.script = script
        arguments = words.map { Array($0.utf8) } + bytes
    }
}
