extension Sequence {
    /// Whom `name` names: by id, else by nick, else by the only nick that differs in nothing but case.
    package func key<Value>(named name: String, nick: (Value) -> String) -> MemberID?
    where Element == (key: MemberID, value: Value) {
        if let id = MemberID(name), contains(where: { $0.key == id }) { return id }
        let lowered = name.lowercased()
        let similar = filter { nick($0.value).lowercased() == lowered }
        let exact = similar.filter { nick($0.value) == name }
        let found = exact.isEmpty ? similar : exact
        return found.count == 1 ? found.first?.key : nil
    }
}
