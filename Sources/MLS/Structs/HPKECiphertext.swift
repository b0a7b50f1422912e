package import Wire

/// What is encrypted to a public key, with the key's encapsulation (section 7.6).
package struct HPKECiphertext: WireValue {
    var kemOutput: [UInt8]
    var ciphertext: [UInt8]

    init(kemOutput: [UInt8], ciphertext: [UInt8]) {
        self.kemOutput = kemOutput
        self.ciphertext = ciphertext
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        kemOutput = try reader.readOpaque()
        ciphertext = try reader.readOpaque()
    }

    package func write(to writer: inout ByteWriter) {
        writer.writeVector(kemOutput)
        writer.writeVector(ciphertext)
    }
}
