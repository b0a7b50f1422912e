import Glibc
import Sodium

/// The programs of the benchmarks in one executable; see Benchmarks/README.md.
@main
enum Benchmark {
    static func main() {
        SodiumLibrary.initialize()
        var arguments = CommandLine.arguments.dropFirst()
        do {
            switch arguments.popFirst() {
            case "host": try BenchmarkHost.run(arguments, isRelay: false)
            case "relay": try BenchmarkHost.run(arguments, isRelay: true)
            case "shared": try BenchmarkHost.share(arguments)
            case "load": try LoadGenerator(options: LoadOptions(arguments)).run()
            case "group": try GroupBenchmark.run(arguments)
            case "seal": try SealingBenchmark().run()
            case "door": try DoorBenchmark.run()
            case "store": try StoreBenchmark(arguments.first ?? ".").run()
            default:
                throw BenchmarkError(
                    "termtalk-bench host|relay PORT|unix:PATH [KEEP-SIZE] | shared PORT STORE first|other | load --test … | seal | door | store [DIRECTORY] | group [MEMBERS…]"
                )
            }
        } catch {
            print("{\"error\":\"\(error)\"}")
            exit(1)
        }
    }
}

/// Why a run is worthless.
struct BenchmarkError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
