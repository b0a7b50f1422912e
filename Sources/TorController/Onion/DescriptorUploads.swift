/// Which directories have which descriptor of one onion service.
///
/// A v3 service has two descriptors at all times, for two time periods, and clients ask for one of them (rend-spec-v3,
/// section 2.2.1): a directory that has confirmed one says nothing of the other. tor names the descriptor when an upload
/// begins but not when it ends, so a directory that got both counts once it has confirmed as often as it was sent one.
/// A filter in front of tor (onion-grater) may take the names away; then both descriptors are there when each upload that
/// was begun is confirmed.
struct DescriptorUploads {
    /// Descriptors a service has at a time.
    static let expectedDescriptorCount = 2
    /// Descriptors remembered: four days of time periods.
    static let maximumDescriptorCount = 8
    /// Directories remembered: tor uploads to at most 16 at a time, but to others as the hours pass.
    static let maximumDirectoryCount = 64

    private var directories: [String: Set<String>] = [:]
    private var confirmations: [String: Int] = [:]
    private var unnamed = (begun: 0, confirmed: 0)

    init() {}

    /// Directories an upload was begun to.
    var uploadCount: Int {
        unnamed.begun + directories.values.reduce(into: Set()) { $0.formUnion($1) }.count
    }
    /// Directories that have confirmed a descriptor.
    var directoryCount: Int { confirmations.count + unnamed.confirmed }

    /// Descriptors that at least one directory is sure to have.
    var confirmedDescriptorCount: Int {
        if unnamed.begun >= Self.expectedDescriptorCount, unnamed.confirmed >= unnamed.begun {
            return Self.expectedDescriptorCount
        }
        return directories.values.count { all in
            all.contains { directory in
                let sent = directories.values.count { $0.contains(directory) }
                return confirmations[directory, default: 0] >= sent
            }
        }
    }

    /// Whether each directory has confirmed as often as it was sent a descriptor.
    var areConfirmed: Bool {
        if unnamed.begun > 0 { return unnamed.confirmed >= unnamed.begun }
        var sent: [String: Int] = [:]
        for directory in directories.values.joined() { sent[directory, default: 0] += 1 }
        return !sent.isEmpty && sent.allSatisfy { confirmations[$0.key, default: 0] >= $0.value }
    }

    mutating func received(_ event: DescriptorEvent) {
        guard let directory = event.directory, directory.hasPrefix("$") else { return receivedUnnamed(event.action) }
        switch event.action {
        case .upload:
            let id = event.descriptorID ?? ""
            guard directories[id] != nil || directories.count < Self.maximumDescriptorCount,
                directories[id, default: []].count < Self.maximumDirectoryCount
            else { return }
            directories[id, default: []].insert(directory)
        case .uploaded:
            guard confirmations[directory] != nil || confirmations.count < Self.maximumDirectoryCount else { return }
            confirmations[directory] = min(confirmations[directory, default: 0] + 1, Self.maximumDescriptorCount)
        case .requested, .received, .created, .ignore, .failed: break
        }
    }

    private mutating func receivedUnnamed(_ action: DescriptorEvent.Action) {
        switch action {
        case .upload: unnamed.begun = min(unnamed.begun + 1, Self.maximumDirectoryCount)
        case .uploaded: unnamed.confirmed = min(unnamed.confirmed + 1, Self.maximumDirectoryCount)
        case .requested, .received, .created, .ignore, .failed: break
        }
    }
}
