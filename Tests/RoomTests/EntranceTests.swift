import Testing

@testable import Room

/// How a member comes into a room.
@Suite struct EntranceTests {
    @Test("At a relay there is another try after a wrong Welcome, so often; elsewhere, and after other errors, none")
    func tries() {
        for error in GroupError.allCases {
            var entrance = Entrance(foundsGroup: true)
            let isRetried = error == .cannotJoin || error == .wrongCreator
            for number in 1...MemberClient.welcomesTried {
                #expect(entrance.failed(error, isAtRelay: true) == (isRetried && number < MemberClient.welcomesTried))
            }
            entrance.succeeded()
            #expect(entrance.failed(error, isAtRelay: true) == isRetried)
            let isRetriedElsewhere = entrance.failed(error, isAtRelay: false)
            #expect(!isRetriedElsewhere)
        }
    }
}
