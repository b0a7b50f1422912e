import Testing

@testable import TorController

struct DescriptorUploadsTests {
    private static func event(_ action: String, _ directory: String, _ descriptor: String = "") throws
        -> DescriptorEvent
    {
        try #require(DescriptorEvent(ControlArguments("HS_DESC \(action) id UNKNOWN $\(directory) \(descriptor)")))
    }

    @Test func countsADescriptorByItsOwnDirectories() throws {
        var uploads = DescriptorUploads()
        uploads.received(try Self.event("UPLOAD", "a", "first"))
        uploads.received(try Self.event("UPLOAD", "b", "second"))
        uploads.received(try Self.event("UPLOADED", "a"))
        #expect(uploads.confirmedDescriptorCount == 1 && uploads.directoryCount == 1 && uploads.uploadCount == 2)
        uploads.received(try Self.event("UPLOADED", "c"))
        #expect(uploads.confirmedDescriptorCount == 1)
        uploads.received(try Self.event("UPLOADED", "b"))
        #expect(uploads.confirmedDescriptorCount == 2)
    }

    @Test func doesNotMistakeOneDescriptorForTheOther() throws {
        var uploads = DescriptorUploads()
        uploads.received(try Self.event("UPLOAD", "a", "first"))
        uploads.received(try Self.event("UPLOAD", "a", "second"))
        uploads.received(try Self.event("UPLOADED", "a"))
        #expect(uploads.confirmedDescriptorCount == 0)
        uploads.received(try Self.event("UPLOADED", "a"))
        #expect(uploads.confirmedDescriptorCount == 2)
    }

    @Test func tellsWhenAllHaveConfirmed() throws {
        var uploads = DescriptorUploads()
        #expect(!uploads.areConfirmed)
        for (directory, descriptor) in [("a", "first"), ("b", "first"), ("a", "second")] {
            uploads.received(try Self.event("UPLOAD", directory, descriptor))
        }
        for directory in ["a", "b"] {
            uploads.received(try Self.event("UPLOADED", directory))
            #expect(!uploads.areConfirmed)
        }
        uploads.received(try Self.event("UPLOADED", "a"))
        #expect(uploads.areConfirmed)
        uploads.received(try Self.event("UPLOAD", "c", "second"))
        #expect(!uploads.areConfirmed)
    }

    @Test func isBounded() throws {
        var uploads = DescriptorUploads()
        for number in 0...DescriptorUploads.maximumDirectoryCount {
            #expect(uploads.uploadCount == number && uploads.directoryCount == number)
            uploads.received(try Self.event("UPLOAD", "d\(number)", "first"))
            uploads.received(try Self.event("UPLOADED", "d\(number)"))
        }
        #expect(uploads.uploadCount == DescriptorUploads.maximumDirectoryCount)
        #expect(uploads.directoryCount == DescriptorUploads.maximumDirectoryCount)
        for number in 1...DescriptorUploads.maximumDescriptorCount {
            #expect(uploads.confirmedDescriptorCount == number)
            uploads.received(try Self.event("UPLOAD", "d1", "n\(number)"))
            uploads.received(try Self.event("UPLOAD", "e\(number)", "n\(number)"))
            uploads.received(try Self.event("UPLOADED", "d1"))
        }
        #expect(uploads.confirmedDescriptorCount == DescriptorUploads.maximumDescriptorCount)
    }
}
