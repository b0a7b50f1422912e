/// One address of a service that somebody announces, as mDNS has it: nothing of it is checked.
package struct FoundService: Hashable {
    /// Its own name, before that of its type.
    let name: String
    /// The kernel's number of the interface on which it was heard of.
    let interface: Int32
    /// IPv4 or IPv6, numeric, without a zone.
    let address: String
    let port: UInt16
    /// Those of the TXT record, in any order, `RoomAnnouncement.stringLimit` at most.
    package let strings: [[UInt8]]
}
