import Foundation

/// How often something at random is tried: TERMTALK_RUNS, else the number given.
func runCount(_ usual: Int) -> Int {
    ProcessInfo.processInfo.environment["TERMTALK_RUNS"].flatMap { Int($0) } ?? usual
}
