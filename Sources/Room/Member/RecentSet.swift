/// The latest values, so many at most: a new one takes the place of the oldest.
package struct RecentSet<Element: Hashable> {
    private let limit: Int
    private var elements: Set<Element> = []
    /// A ring, once it is full.
    private var order: [Element] = []
    private var oldest = 0

    /// - Parameter limit: at least one.
    package init(limit: Int) {
        self.limit = limit
    }

    var isEmpty: Bool { elements.isEmpty }

    package func contains(_ element: Element) -> Bool {
        elements.contains(element)
    }

    /// Returns whether it was not there.
    @discardableResult
    package mutating func insert(_ element: Element) -> Bool {
        guard elements.insert(element).inserted else { return false }
        if order.count < limit {
            order.append(element)
        } else {
            elements.remove(order[oldest])
            order[oldest] = element
            oldest = (oldest + 1) % limit
        }
        return true
    }
}

extension RecentSet {
    /// From the oldest on.
    var inOrder: [Element] { Array(order[oldest...] + order[..<oldest]) }
}
