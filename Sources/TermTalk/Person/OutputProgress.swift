/// How far what was told to the person or the script has got out of the process, in units that only the console knows.
package struct OutputProgress: Sendable, Equatable {
    package var told: UInt64
    package var taken: UInt64

    package init(told: UInt64, taken: UInt64) {
        self.told = told
        self.taken = taken
    }
}
