extension Duration? {
    /// The earlier of two times, nil being never. The least of a list of them would be allocations, for each message.
    func orEarlier(_ other: Duration?) -> Duration? {
        guard let self else { return other }
        return other.map { min(self, $0) } ?? self
    }
}
