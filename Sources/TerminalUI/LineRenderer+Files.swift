internal import Chat

// Files, in sentences.
extension LineRenderer {
    func describe(_ news: FileNews) -> [String] {
        switch news {
        case .offered(let file) where file.isOwn:
            ["\(title(file)) is offered to \(file.to.map { "member \($0)" } ?? "all")"]
        case .offered(let file):
            [
                "\(name(file.nick, of: file.from)) offers \(title(file))\(file.to == nil ? "" : ", to you alone"): /accept \(file.number) fetches it"
            ] + (file.remark.map { ["look twice: \(line($0))"] } ?? [])
        case .progress(let file, let progress): progress.isMilestone ? [text(file, progress)] : []
        case .done(let file, let path?, _): ["\(title(file)) is here: \(line(path))"]
        case .done(let file, nil, let member): ["member \(member?.description ?? "?") has \(title(file))"]
        case .failed(let file, let notice, _, let member?):
            ["member \(member) does not get \(title(file)): \(line(notice.message))"]
        case .failed(let file, let notice, _, nil):
            ["\(title(file)): \(line(notice.message))"] + (notice.hint.map { ["hint: \(line($0))"] } ?? [])
        case .list([]): ["no files are offered"]
        case .list(let entries):
            entries.map { "\(title($0.file)), from \(name($0.file.nick, of: $0.file.from)): \(line($0.state))" }
        }
    }

    private func title(_ file: FileNews.File) -> String {
        "file \(file.number), \(line(file.name)) (\(FileSize.text(file.size)))"
    }

    /// How far a file is, as a bar and in words.
    func text(_ file: FileNews.File, _ progress: FileNews.Progress) -> String {
        let percent = file.size == 0 ? 100 : Int(progress.bytes / max(1, file.size / 100))
        let tenths = min(10, percent / 10)
        let bar = String(repeating: "#", count: tenths) + String(repeating: ".", count: 10 - tenths)
        let left = progress.rate == 0 ? nil : (file.size - min(file.size, progress.bytes)) / progress.rate
        let time = left.map { ", \(DurationText.words(seconds: Int64(clamping: $0))) left" } ?? ""
        let place = progress.member.map { " at member \($0)" } ?? ""
        return "[\(bar)] \(min(100, percent))% of \(title(file))\(place), \(FileSize.text(progress.rate))/s\(time)"
    }
}
