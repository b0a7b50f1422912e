package import Chat

/// The windows of the full screen, one a room, of which one is seen. A value, as ``ScreenModel`` is.
package struct ScreenWindows: Sendable {
    /// As many as there are digits to go there by.
    package static let maximumCount = 9

    private let alerts: Alerts
    private let marks: DeliveryMarks
    private let localTime: @Sendable (Int64) -> String
    private var size: ScreenSize
    private var models: [Int: ScreenModel] = [:]
    /// The number of the window that is seen.
    package private(set) var shown: Int

    /// One window.
    package init(
        size: ScreenSize, alerts: Alerts = Alerts(), marks: DeliveryMarks = .unicode,
        localTime: @escaping @Sendable (Int64) -> String = WallClock.textForPeople, number: Int = 1
    ) {
        self.size = size
        self.alerts = alerts
        self.marks = marks
        self.localTime = localTime
        shown = number
        open(number)
    }

    // MARK: Windows

    var numbers: [Int] { models.keys.sorted() }

    /// The first that no window has; nil when there are as many as can be.
    package var freeNumber: Int? { (1...Self.maximumCount).first { models[$0] == nil } }

    package mutating func open(_ number: Int) {
        models[number] = ScreenModel(size: size, alerts: alerts, marks: marks, localTime: localTime)
    }

    /// Removes a window; when it was seen, the nearest one before it is, or else the first.
    package mutating func close(_ number: Int) {
        guard models.count > 1 else { return }
        models[number] = nil
        if shown == number { shown = numbers.last { $0 < number } ?? numbers.first ?? shown }
    }

    /// Lets a window be seen; false when there is none of this number.
    package mutating func show(_ number: Int) -> Bool {
        guard models[number] != nil else { return false }
        shown = number
        return true
    }

    /// A line a window, for `/window`.
    package var list: [String] {
        windowMarks.map { mark in
            let room = Sanitizer.sanitize(models[mark.number]?.room ?? "", as: .line)
            let topic = Sanitizer.sanitize(models[mark.number]?.topic ?? "", as: .line)
            return [
                "\(mark.text) \(room.isEmpty ? "(not there yet)" : room)",
                mark.host.isEmpty ? nil : "hosted by \(mark.host)",
                mark.unseen.count > 0 ? "\(mark.unseen.count) new" : nil,
                topic.isEmpty ? nil : "topic: \(topic)",
            ].compactMap(\.self).joined(separator: ", ")
        }
    }

    private var windowMarks: [WindowMark] {
        numbers.compactMap { number in
            models[number].map {
                WindowMark(
                    number: number, host: $0.host, isShown: number == shown, isClosed: $0.isClosed, unseen: $0.unseen)
            }
        }
    }

    // MARK: What happens in one

    package mutating func heard(_ event: ChatEvent, in number: Int, at moment: Moment, said: Moment? = nil) {
        models[number]?.heard(event, at: moment, said: said)
    }

    package mutating func list(_ members: [ChatEvent.MemberInfo], own: MemberID?, in number: Int) {
        models[number]?.list(members, own: own)
    }

    package mutating func ask(_ question: String, in number: Int, at moment: Moment) {
        models[number]?.ask(question, at: moment)
    }

    /// Shows a line of the program's own, or of what a library or tor wrote to the terminal; in the window that is seen where
    /// it is of none.
    package mutating func heardOnStandardError(_ line: String, in number: Int? = nil, at moment: Moment) {
        models[number ?? shown]?.heardOnStandardError(line, at: moment)
    }

    /// Whether a bell is due; asking answers it.
    package mutating func takeBell() -> Bool {
        numbers.reduce(false) { isDue, number in models[number]?.takeBell() == true || isDue }
    }

    /// What a notification is to say; nil when none is due.
    package mutating func takeNotification() -> String? {
        numbers.reduce(nil) { text, number in text ?? models[number]?.takeNotification() }
    }

    // MARK: What is pressed and seen

    package mutating func pressed(_ key: Key) -> [ScreenModel.Action] {
        guard case .window(let number) = key else { return models[shown]?.pressed(key) ?? [] }
        _ = show(number)
        return []
    }

    package mutating func clearLine() -> Bool { models[shown]?.clearLine() ?? false }

    package mutating func resized(to size: ScreenSize) {
        self.size = size
        for number in numbers { models[number]?.resized(to: size) }
    }

    package mutating func timePassed(to now: Int64) {
        for number in numbers { models[number]?.timePassed(to: now) }
    }

    package var nextChange: Int64? { models[shown]?.nextChange }

    /// With what waits in the other windows.
    package var title: String {
        let others = windowMarks.filter { !$0.isShown }.reduce(0) { $0 + $1.unseen.count }
        return (models[shown]?.title ?? "termtalk") + (others > 0 ? " [+\(others)]" : "")
    }

    package mutating func frame() -> ScreenFrame {
        let marks = models.count > 1 ? windowMarks : []
        return models[shown]?.frame(windows: marks) ?? ScreenFrame(rows: [], cursorRow: 0, cursorColumn: 0)
    }
}
