package import Wire

/// An extension of a leaf node, KeyPackage, GroupInfo or group context (section 13).
package struct Extension: WireValue {
    package var type: ExtensionType
    package var data: [UInt8]

    package init(type: ExtensionType, data: [UInt8]) {
        self.type = type
        self.data = data
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        type = try ExtensionType(from: &reader)
        data = try reader.readOpaque()
    }

    package func write(to writer: inout ByteWriter) {
        type.write(to: &writer)
        writer.writeVector(data)
    }
}

extension [Extension] {
    /// The content of the first extension of this type.
    package func data(of type: ExtensionType) -> [UInt8]? {
        first { $0.type == type }?.data
    }

    /// Whether no type occurs twice.
    var hasDistinctTypes: Bool {
        Set(map(\.type)).count == count
    }

    /// The content of the extension of this type, decoded; nil when there is none.
    func decoded<Value: WireValue>(
        _ type: ExtensionType, as valueType: Value.Type = Value.self
    ) throws(WireError) -> Value? {
        guard let data = data(of: type) else { return nil }
        return try Value(decoding: data)
    }
}
