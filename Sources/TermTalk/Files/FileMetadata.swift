import Glibc

/// What a file may say of who made it, where, when and with what, beside what is seen of it: known by its first bytes.
enum FileMetadata {
    /// Bytes of the beginning that are looked at: where cameras put it.
    static let byteCount = 65_536

    /// What the file is, for people; nil when such data is not known of its kind, or it has none.
    static func kind(of start: [UInt8]) -> String? {
        func begins(_ text: String, at place: Int = 0) -> Bool {
            start.dropFirst(place).starts(with: Array(text.utf8))
        }
        func has(_ texts: String...) -> Bool { texts.contains { contains(start, Array($0.utf8)) } }
        if start.starts(with: [0xFF, 0xD8, 0xFF]) {
            return has("Exif\0\0", "http://ns.adobe.com/xap", "Photoshop 3.0") ? "a picture with EXIF data" : nil
        }
        if start.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
            return has("eXIf", "tEXt", "iTXt", "zTXt") ? "a picture with notes in it" : nil
        }
        if begins("RIFF") { return has("EXIF", "XMP ", "LIST") ? "a recording or picture with notes in it" : nil }
        if begins("II*\0") || start.starts(with: [0x4D, 0x4D, 0, 0x2A]) { return "a picture with EXIF data" }
        if begins("%PDF-") { return "a PDF document" }
        if start.starts(with: [0xD0, 0xCF, 0x11, 0xE0]) { return "an Office document" }
        if begins("PK\u{3}\u{4}") {
            return has("[Content_Types].xml", "mimetypeapplication/") ? "an Office document" : nil
        }
        if begins("ftyp", at: 4) { return "a film, recording or picture of a phone or camera" }
        if start.starts(with: [0x1A, 0x45, 0xDF, 0xA3]) { return "a film" }
        if begins("ID3") || begins("fLaC") || begins("OggS") { return "a recording" }
        return has("<svg") ? "a drawing" : nil
    }

    private static func contains(_ bytes: [UInt8], _ wanted: [UInt8]) -> Bool {
        guard let first = wanted.first, bytes.count >= wanted.count else { return false }
        return bytes.indices.dropLast(wanted.count - 1).contains {
            bytes[$0] == first && bytes[$0...].starts(with: wanted)
        }
    }

    /// Whether mat2, which removes such data, is on the PATH. It blocks.
    static var hasCleaner: Bool {
        guard let path = unsafe getenv("PATH").map({ unsafe String(cString: $0) }) else { return false }
        return path.split(separator: ":").contains { unsafe access("\($0)/mat2", X_OK) == 0 }
    }
}
