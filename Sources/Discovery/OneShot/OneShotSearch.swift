internal import Transport

/// A search for services of a type on one network that asks from a port of its own, and hears what is answered to it alone
/// (RFC 6762, 5.1 and 6.7): what others say to everybody is not heard, however much it is.
package struct OneShotSearch {
    private struct Service {
        let name: String
        var servers: [Server] = []
        var strings: [[UInt8]]?
    }

    private struct Server: Hashable {
        let port: UInt16
        let host: DNSMessage.Name
    }

    /// Services that are looked into.
    static let serviceLimit = 2_048
    /// Places that are taken of what is said of one service; somebody else may answer, too.
    static let serverLimit = 8
    /// Addresses of a host that are taken.
    static let addressLimit = 16
    /// Questions in one packet, which has to fit into one of the network's.
    private static let questionsAPacket = 16

    private let interface: Int32
    private let number: UInt16
    private let type: DNSMessage.Name
    private let isWanted: (String) -> Bool
    private var services: [DNSMessage.Name: Service] = [:]
    /// The addresses of hosts that were named.
    private var addresses: [DNSMessage.Name: [IPAddress]] = [:]
    private var told: Set<FoundService> = []

    /// - Parameters:
    ///   - type: of the services, such as `_http._tcp`.
    ///   - interface: the kernel's number of it.
    ///   - number: what answers repeat.
    ///   - isWanted: whether a service of that name is of use.
    package init(type: String, interface: Int32, number: UInt16, isWanted: @escaping (String) -> Bool) {
        self.type = (type.split(separator: ".") + ["local"]).map { Array($0.utf8) }
        self.interface = interface
        self.number = number
        self.isWanted = isWanted
    }

    /// What to ask at first, and now and then again: an answer may be lost.
    package var questions: [[UInt8]] {
        packets([DNSMessage.Question(name: type, kind: .ptr)] + services.keys.flatMap(missing))
    }

    /// Takes a packet that came. Returns the addresses of services that it completes, each once, and what to ask now.
    package mutating func received(
        _ packet: [UInt8]
    ) throws(DNSError) -> (found: [FoundService], questions: [[UInt8]]) {
        guard let answer = try DNSMessage(answer: packet), answer.number == number else { return ([], []) }
        var changed: Set<DNSMessage.Name> = []
        /// Whose addresses have come; their services are those that name them.
        var hosts: Set<DNSMessage.Name> = []
        var questions: Set<DNSMessage.Question> = []
        for record in answer.records {
            if case .address = record.content { hosts.insert(record.owner) }
            if let name = take(record) { changed.insert(name) }
        }
        if !hosts.isEmpty {
            for (name, service) in services where service.servers.contains(where: { hosts.contains($0.host) }) {
                changed.insert(name)
            }
        }
        var found: [FoundService] = []
        for name in changed {
            questions.formUnion(missing(of: name))
            found += complete(name)
        }
        return (found, packets(Array(questions)))
    }

    /// Returns the service that it tells something new of.
    private mutating func take(_ record: DNSMessage.Record) -> DNSMessage.Name? {
        switch record.content {
        case .service(let name):
            guard record.owner == type, services[name] == nil, services.count < Self.serviceLimit,
                Array(name.dropFirst()) == type, let label = name.first,
                let text = String(validating: label, as: UTF8.self), isWanted(text)
            else { return nil }
            services[name] = Service(name: text)
            return name
        case .server(let port, let host):
            let server = Server(port: port, host: host)
            guard var service = services[record.owner], service.servers.count < Self.serverLimit,
                !service.servers.contains(server)
            else { return nil }
            service.servers.append(server)
            services[record.owner] = service
            if addresses[host] == nil { addresses[host] = [] }
            return record.owner
        case .strings(let strings):
            guard services[record.owner] != nil else { return nil }
            services[record.owner]?.strings = strings
            return record.owner
        case .address(let address):
            guard let known = addresses[record.owner], known.count < Self.addressLimit, !known.contains(address) else {
                return nil
            }
            addresses[record.owner]?.append(address)
            return nil
        }
    }

    private func missing(of name: DNSMessage.Name) -> [DNSMessage.Question] {
        guard let service = services[name] else { return [] }
        var questions: [DNSMessage.Question] = []
        if service.servers.isEmpty { questions.append(.init(name: name, kind: .srv)) }
        if service.strings == nil { questions.append(.init(name: name, kind: .txt)) }
        for server in service.servers where addresses[server.host]?.isEmpty ?? true {
            questions += [.init(name: server.host, kind: .a), .init(name: server.host, kind: .aaaa)]
        }
        return questions
    }

    private mutating func complete(_ name: DNSMessage.Name) -> [FoundService] {
        guard let service = services[name], let strings = service.strings else { return [] }
        var found: [FoundService] = []
        for server in service.servers {
            for address in addresses[server.host] ?? [] {
                let one = FoundService(
                    name: service.name, interface: interface, address: address.description, port: server.port,
                    strings: strings)
                if told.count < Self.serviceLimit * 2, told.insert(one).inserted { found.append(one) }
            }
        }
        return found
    }

    private func packets(_ questions: [DNSMessage.Question]) -> [[UInt8]] {
        stride(from: 0, to: questions.count, by: Self.questionsAPacket).map { start in
            let end = min(questions.count, start + Self.questionsAPacket)
            return DNSMessage.asking(questions[start..<end], number: number)
        }
    }
}
