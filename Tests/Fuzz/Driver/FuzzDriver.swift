import CFuzzer
import Glibc
import Sodium

/// libFuzzer over the target that TERMTALK_FUZZ_TARGET names; its arguments are those of libFuzzer.
///
/// `--list` prints the targets and the longest input of each, `--write-corpus FOLDER` the seeds of all.
@main
struct FuzzDriver {
    nonisolated(unsafe) private static var target = FuzzTarget.all[0]

    static func main() {
        // The same random numbers in each run: what is found can be found again.
        fuzzer_fix_random_numbers()
        SodiumLibrary.initialize()
        let arguments = CommandLine.arguments
        if arguments.dropFirst().first == "--list" {
            for target in FuzzTarget.all { print(target.name, target.maximumByteCount) }
        } else if arguments.count == 3, arguments[1] == "--write-corpus" {
            writeCorpus(arguments[2])
        } else {
            fuzz()
        }
    }

    private static func fuzz() {
        guard let name = getenv("TERMTALK_FUZZ_TARGET").map({ String(cString: $0) }),
            let named = FuzzTarget.named(name)
        else {
            print("TERMTALK_FUZZ_TARGET names no target; --list lists them")
            exit(64)
        }
        target = named
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        exit(
            LLVMFuzzerRunDriver(&count, &arguments) { bytes, count in
                fuzzer_reset_random_numbers()
                FuzzDriver.target.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
                return 0
            })
    }

    private static func writeCorpus(_ folder: String) {
        for target in FuzzTarget.all {
            mkdir("\(folder)/\(target.name)", 0o755)
            for (number, seed) in target.seeds().enumerated() {
                guard let file = fopen("\(folder)/\(target.name)/seed-\(number)", "w") else { continue }
                seed.withUnsafeBufferPointer { _ = fwrite($0.baseAddress, 1, $0.count, file) }
                fclose(file)
            }
        }
    }
}
