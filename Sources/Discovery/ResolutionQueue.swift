/// Which of the services that were heard of are looked into, and when. Who floods a network with services could else have us
/// ask for all of them at once.
struct ResolutionQueue<Service> {
    /// Services that are asked for beside each other: an answer takes a tenth of a second, and for one that never comes Avahi
    /// waits 5 s. So who announces more than this without answering for them hides the room from a search of 6 s.
    static var runningLimit: Int { 512 }
    /// Services that wait; past it what comes is not found until some of them have been looked into.
    static var waitingLimit: Int { 2_048 }

    private var waiting: [Service] = []
    private var begun = 0
    private var runningCount = 0

    var waitingCount: Int { waiting.count - begun }

    /// A service to look into.
    mutating func heard(of service: Service) {
        if waitingCount < Self.waitingLimit { waiting.append(service) }
    }

    /// The next one to begin with; nil when it has to wait, or there is none.
    mutating func next() -> Service? {
        guard runningCount < Self.runningLimit, begun < waiting.count else { return nil }
        runningCount += 1
        begun += 1
        let service = waiting[begun - 1]
        if begun >= Self.runningLimit {
            waiting.removeFirst(begun)
            begun = 0
        }
        return service
    }

    /// One that was begun with was answered, or will not be.
    mutating func ended() {
        runningCount = max(0, runningCount - 1)
    }
}
