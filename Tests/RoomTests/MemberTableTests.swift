import Chat
import TestSupport
import Testing

@testable import Room

@Suite struct MemberTableTests {
    @Test("It holds what a dictionary would hold, whatever is done with it", arguments: 1...20)
    func likeADictionary(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var table: MemberTable<[Int]> = [:]
        var dictionary: [MemberID: [Int]] = [:]
        for step in 0..<2_000 {
            let id = MemberID(entropy: UInt32.random(in: 0..<40, using: &random))
            switch Int.random(in: 0..<6, using: &random) {
            case 0:
                table[id] = [step]
                dictionary[id] = [step]
            case 1:
                table[id]?.append(step)
                dictionary[id]?.append(step)
            case 2:
                table[id] = nil
                dictionary[id] = nil
            case 3:
                #expect(table.removeValue(forKey: id) == dictionary.removeValue(forKey: id))
            case 4:
                let count = table.change(id) { value in
                    value.append(step)
                    return value.count
                }
                dictionary[id]?.append(step)
                #expect(count == dictionary[id]?.count)
            default:
                #expect(
                    table.updateValue([step, step], forKey: id) == dictionary.updateValue([step, step], forKey: id))
            }
            #expect(table[id] == dictionary[id] && table.count == dictionary.count)
            #expect(table.isEmpty == dictionary.isEmpty)
        }
        #expect(Dictionary(uniqueKeysWithValues: table.map { ($0.key, $0.value) }) == dictionary)
        #expect(Set(table.keys) == Set(dictionary.keys) && table.values.count == dictionary.count)
    }

    @Test("The same done in two tables gives the same order")
    func order() {
        let tables = (0..<2).map { _ in
            var table: MemberTable<UInt32> = [:]
            for number in 0..<100 as Range<UInt32> { table[MemberID(entropy: number)] = number }
            for number in stride(from: 0, to: 100, by: 3) as StrideTo<UInt32> { table[MemberID(entropy: number)] = nil }
            return table
        }
        #expect(Array(tables[0].values) == Array(tables[1].values) && tables[0].keys == tables[1].keys)
        #expect(tables[0].count == 66)
    }
}
