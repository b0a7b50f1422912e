internal import Chat

/// The message pane: what was said and told, as far back as it is kept, and the part of it that is seen.
struct Scrollback: Sendable {
    /// Entries kept; the oldest go first. A day of a lively room.
    static let maximumEntryCount = 10_000
    /// Bytes of text kept: a few hundred messages of the longest kind.
    static let maximumByteCount = 16 * 1_048_576

    private(set) var entries: [ScrollbackEntry] = []
    private var byteCount = 0
    private var nextSerial = 1
    private var lastDate = ""
    /// A transfer, whose progress stands in one place.
    struct BarKey: Hashable {
        /// The number of its file.
        let file: Int
        /// Of an own file, who fetches it.
        let member: MemberID?
    }

    /// The entries that show how far transfers are; as many as there are files and receivers.
    private var bars: [BarKey: Int] = [:]
    /// The entry that the next one of its kind takes the place of.
    private var progressSerial: Int?
    /// The last row that is seen, while the person has scrolled up; nil at the end.
    private var anchor: (serial: Int, row: Int)?
    /// Messages that came while the end was not seen.
    private(set) var unreadCount = 0

    var isAtEnd: Bool { anchor == nil }

    // MARK: What is in it

    mutating func append(
        _ content: ScrollbackEntry.Content, at moment: Moment, delivery: ScrollbackEntry.Delivery? = nil
    ) {
        if moment.date != lastDate {
            lastDate = moment.date
            add(.day("\(moment.date) \(moment.weekday)"), time: moment.time, delivery: nil)
        }
        add(content, time: moment.time, delivery: delivery)
        if case .message(let message, _, _) = content, !message.isOwn, anchor != nil { unreadCount += 1 }
    }

    /// Like ``append(_:at:delivery:)``, in the place of the last entry when that came in this way, too.
    mutating func replaceProgress(_ content: ScrollbackEntry.Content, at moment: Moment) {
        if let last = entries.last, last.serial == progressSerial, moment.date == lastDate {
            byteCount -= last.byteCount
            entries.removeLast()
        }
        append(content, at: moment)
        progressSerial = entries.last?.serial
    }

    /// Puts the program's own words where those with the same key stand; at the end, when there are none.
    mutating func replaceBar(_ key: BarKey, _ content: ScrollbackEntry.Content, at moment: Moment) {
        guard let serial = bars[key], case let index = indexOfEntry(upTo: serial), index < entries.count,
            entries[index].serial == serial
        else {
            append(content, at: moment)
            bars[key] = entries.last?.serial
            return
        }
        byteCount -= entries[index].byteCount
        entries[index].content = content
        byteCount += entries[index].byteCount
    }

    /// Nothing moves there any more.
    mutating func removeBar(of file: Int, member: MemberID?) {
        guard let serial = bars.removeValue(forKey: BarKey(file: file, member: member)),
            let index = entries.firstIndex(where: { $0.serial == serial })
        else { return }
        byteCount -= entries[index].byteCount
        entries.remove(at: index)
    }

    private mutating func add(_ content: ScrollbackEntry.Content, time: String, delivery: ScrollbackEntry.Delivery?) {
        let entry = ScrollbackEntry(serial: nextSerial, time: time, content: content, delivery: delivery)
        nextSerial += 1
        byteCount += entry.byteCount
        entries.append(entry)
        while entries.count > Self.maximumEntryCount || byteCount > Self.maximumByteCount, entries.count > 1 {
            // In large pieces, because the array moves all that stays.
            let count = min(entries.count - 1, max(1, entries.count / 16))
            byteCount -= entries[..<count].reduce(0) { $0 + $1.byteCount }
            entries.removeFirst(count)
        }
    }

    /// Removes the own message of this id; returns how far it had come, nil when there is none.
    mutating func takeOwn(_ id: MessageID) -> ScrollbackEntry.Delivery? {
        guard let index = ownIndex(id) else { return nil }
        byteCount -= entries[index].byteCount
        return entries.remove(at: index).delivery
    }

    /// Marks an own message.
    mutating func mark(_ id: MessageID, _ delivery: ScrollbackEntry.Delivery) {
        guard let index = ownIndex(id) else { return }
        entries[index].delivery = delivery
    }

    private func ownIndex(_ id: MessageID) -> Int? {
        entries.lastIndex { entry in
            if case .message(let message, _, _) = entry.content { message.isOwn && message.id == id } else { false }
        }
    }

    mutating func clear() {
        entries = []
        bars = [:]
        byteCount = 0
        anchor = nil
        unreadCount = 0
        lastDate = ""
    }

    // MARK: What is seen

    /// The rows that are seen, `height` at most; the last is the lowest.
    mutating func visibleRows(width: Int, height: Int, marks: DeliveryMarks) -> [StyledLine] {
        guard height > 0, !entries.isEmpty else { return [] }
        let rows = rowsAbove(width: width, height: height, marks: marks)
        guard rows.count < height, let place = anchorPlace(width: width, marks: marks) else { return rows }
        // What was above has been dropped, or the pane has grown: it is filled from below.
        anchor(atOrBelow: place, width: width, height: height, marks: marks)
        return rowsAbove(width: width, height: height, marks: marks)
    }

    /// The last row that is to be seen and those above it, `height` at most.
    private mutating func rowsAbove(width: Int, height: Int, marks: DeliveryMarks) -> [StyledLine] {
        var index = entries.count - 1
        var rows: [StyledLine] = []
        if let place = anchorPlace(width: width, marks: marks) {
            rows = Array(entries[place.index].rows(width: width, marks: marks).prefix(place.row + 1))
            index = place.index - 1
        }
        while rows.count < height, index >= 0 {
            rows = entries[index].rows(width: width, marks: marks) + rows
            index -= 1
        }
        return rows.suffix(height)
    }

    /// Moves what is seen by `count` rows, up when it is negative.
    mutating func scroll(by count: Int, width: Int, height: Int, marks: DeliveryMarks) {
        guard !entries.isEmpty, height > 0 else { return }
        if let place = anchorPlace(width: width, marks: marks) {
            anchor(atOrBelow: place, width: width, height: height, marks: marks)
        }
        var index = entries.count - 1
        var row = entries[index].rows(width: width, marks: marks).count - 1
        if let place = anchorPlace(width: width, marks: marks) { (index, row) = place }
        row += count
        while row < 0, index > 0 {
            index -= 1
            row += entries[index].rows(width: width, marks: marks).count
        }
        while index < entries.count - 1, row >= entries[index].rows(width: width, marks: marks).count {
            row -= entries[index].rows(width: width, marks: marks).count
            index += 1
        }
        anchor(atOrBelow: (index, max(0, row)), width: width, height: height, marks: marks)
    }

    /// Where the anchor is among what is kept; nil at the end.
    private mutating func anchorPlace(width: Int, marks: DeliveryMarks) -> (index: Int, row: Int)? {
        guard let anchor else { return nil }
        let index = indexOfEntry(upTo: anchor.serial)
        let last = entries[index].rows(width: width, marks: marks).count - 1
        return (index, entries[index].serial == anchor.serial ? min(last, anchor.row) : last)
    }

    /// Makes the row at `place` the last that is seen, or one so far below it that the pane is full.
    private mutating func anchor(
        atOrBelow place: (index: Int, row: Int), width: Int, height: Int, marks: DeliveryMarks
    ) {
        var (index, row) = place
        var above = row + 1
        var first = index - 1
        while above < height, first >= 0 {
            above += entries[first].rows(width: width, marks: marks).count
            first -= 1
        }
        while above < height {
            row += 1
            above += 1
            if row >= entries[index].rows(width: width, marks: marks).count {
                guard index < entries.count - 1 else { break }
                index += 1
                row = 0
            }
        }
        if index == entries.count - 1, row >= entries[index].rows(width: width, marks: marks).count - 1 {
            scrollToEnd()
        } else {
            anchor = (entries[index].serial, row)
        }
    }

    mutating func scrollToEnd() {
        anchor = nil
        unreadCount = 0
    }

    /// The last entry whose serial is not above `serial`, else the first.
    private func indexOfEntry(upTo serial: Int) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].serial <= serial { low = middle + 1 } else { high = middle }
        }
        return max(0, low - 1)
    }
}
