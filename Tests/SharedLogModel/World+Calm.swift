import SharedLog

extension World {
    /// What is wrong when nothing more happens; nil if all is as it should be.
    package var verdictAtRest: String? {
        var world = self
        world.calmDown()
        return world.violation
    }

    /// Nothing more happens to anybody, until all have come to rest.
    package mutating func calmDown() {
        endOld()
        late = []
        for index in hosts.indices where hosts[index].isHung { perform(.wakes(index)) }
        var rest = 0
        for _ in 0..<200 {
            let before = self
            for index in hosts.indices { exchange(index) }
            // Who waits for the dead gives up, once there is nothing else to wait for.
            rest = self == before ? rest + 1 : 0
            if rest > 0 {
                if isAtRest { return checkRest() }
                let patient = self
                for action in actions {
                    switch action {
                    case .suspects, .lease: perform(action)
                    default: break
                    }
                }
                if self == patient { return fail("the hosts wait for ever") }
            }
        }
        fail("the hosts do not come to rest")
    }

    private mutating func exchange(_ index: Int) {
        if hosts[index].line == .quiet { perform(.polls(index)) }
        for _ in 0..<64 {
            switch hosts[index].line {
            case .quiet: return
            case .command: perform(.executes(index))
            case .reply: perform(.delivers(index))
            }
        }
    }

    private var isAtRest: Bool {
        // Of a room that nobody and nothing remembers there is nothing left.
        if redis.holding == nil, hosts.allSatisfy({ $0.replica.state.isBlank }) { return true }
        return hosts.indices.allSatisfy { index in
            isInStep(index) && hosts[index].replica.isConfirmed && hosts[index].replica.hasWrittenAll
        }
            && hosts.allSatisfy {
                $0.replica.state == hosts[0].replica.state && $0.replica.state.writers.living.count == hosts.count
            }
    }

    private mutating func checkRest() {
        let rooms = Set(hosts.map(\.room))
        guard rooms.count == 1, let room = rooms.first else { return fail("hosts end with different rooms") }
        let inputs = Set(room.map(\.input))
        if inputs.count != room.count { fail("an input stands twice") }
        guard redis.holding != nil else { return }
        for host in hosts where !inputs.isSuperset(of: host.said) { fail("what a living host was given was lost") }
        if !hasForgotten, !inputs.isSuperset(of: accepted) { fail("what members were told was lost") }
    }
}
