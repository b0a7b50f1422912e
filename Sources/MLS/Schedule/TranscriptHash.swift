internal import Wire

/// The two transcript hashes (RFC 9420 section 8.2).
enum TranscriptHash {
    /// confirmed_transcript_hash after a Commit: over its content and signature, behind the interim hash before.
    static func confirmed(
        _ commit: AuthenticatedContent, interimBefore: [UInt8], suite: CipherSuite
    ) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeBytes(interimBefore)
        commit.wireFormat.write(to: &writer)
        commit.content.write(to: &writer)
        writer.writeVector(commit.authentication.signature)
        return suite.hash(writer.bytes)
    }

    /// interim_transcript_hash after a Commit: over its confirmation tag, behind the confirmed hash.
    static func interim(confirmed: [UInt8], confirmationTag: [UInt8], suite: CipherSuite) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeBytes(confirmed)
        writer.writeVector(confirmationTag)
        return suite.hash(writer.bytes)
    }
}
