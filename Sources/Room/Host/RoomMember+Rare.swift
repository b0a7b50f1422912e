internal import Chat

extension Room.Member {
    /// What few members have at a time. A room keeps a place for many who are idle: they do not have the memory for it.
    struct Rare {
        struct Values: Equatable {
            /// When it said something last, for slow mode.
            var postedAt: Duration?
            /// The first post that slow mode has held back: later ones have to wait until it has come again.
            var heldID: MessageID?
            /// Bytes of what each of the others has said to it alone, since nothing of that kind waited for it.
            var privateBytes: [MemberID: Int] = [:]
            /// Private posts to it that were kept and are no more, since it was admitted last.
            var missedPrivately: UInt32 = 0
            /// Set while the connection is broken: since when, and when the place is given up.
            var absence: Room.Absence?
        }

        /// None where all are as at first, or one.
        private var stored: [Values] = []

        init(_ values: Values = Values()) {
            self.values = values
        }

        var values: Values {
            get { stored.first ?? Values() }
            _modify {
                if stored.isEmpty { stored.append(Values()) }
                yield &stored[0]
                if stored[0] == Values() { stored = [] }
            }
        }
    }

    var postedAt: Duration? {
        get { rare.values.postedAt }
        set { rare.values.postedAt = newValue }
    }

    var heldID: MessageID? {
        get { rare.values.heldID }
        set { rare.values.heldID = newValue }
    }

    var privateBytes: [MemberID: Int] {
        get { rare.values.privateBytes }
        _modify { yield &rare.values.privateBytes }
    }

    var missedPrivately: UInt32 {
        get { rare.values.missedPrivately }
        set { rare.values.missedPrivately = newValue }
    }

    var absence: Room.Absence? {
        get { rare.values.absence }
        _modify { yield &rare.values.absence }
    }
}
