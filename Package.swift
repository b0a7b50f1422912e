// swift-tools-version: 6.2
import PackageDescription

let common: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]
let strict = common + [.strictMemorySafety()]

/// A library target of the program, and its dependencies inside the package.
func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// The tests of one target; `#expect` does not compile under strict memory safety.
func tests(of name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: [.init(stringLiteral: name), "TestSupport"] + dependencies,
        exclude: exclude,
        swiftSettings: common)
}

let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let fuzzed: [Target.Dependency] = [
    "Chat", "Configuration", "CPace", "Discovery", "EventLoop", "Files", "MLS", "Room", "RoomStore", "SecureGroup",
    "SecureSession", "SharedLog", "Sodium",
    "TermTalk", "TerminalUI", "TestSupport", "TorController", "Wire",
]

/// The fuzz targets: with TERMTALK_FUZZ a program with libFuzzer (`make fuzz`), else tests that replay the corpus.
let fuzz: [Target] =
    Context.environment["TERMTALK_FUZZ"] == nil
    ? [
        .testTarget(
            name: "FuzzTests", dependencies: fuzzed, path: "Tests/Fuzz",
            exclude: ["Driver", "CFuzzer", "Corpus", "fuzz.py"], swiftSettings: common)
    ]
    : [
        .target(name: "CFuzzer", dependencies: ["CSodium"], path: "Tests/Fuzz/CFuzzer"),
        .executableTarget(
            name: "termtalk-fuzz", dependencies: fuzzed + ["CFuzzer"], path: "Tests/Fuzz",
            exclude: ["CFuzzer", "Corpus", "CorpusTests.swift", "fuzz.py"], swiftSettings: common,
            linkerSettings: [.linkedLibrary("stdc++")]),
    ]

let package = Package(
    name: "termtalk",
    products: [.executable(name: "termtalk", targets: ["TermTalkCommand"])],
    traits: [
        .trait(name: "LAN", description: "Rooms that are found on the local network, with Avahi's library."),
        .trait(name: "PortMap", description: "Ports of the router, with libnatpmp and libminiupnpc."),
        .trait(name: "LibCrypto", description: "Long records and files by OpenSSL, which takes less time for them."),
        .default(enabledTraits: ["LAN", "PortMap"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    ],
    targets: [
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(name: "CLibcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CNcurses", pkgConfig: "ncursesw", providers: [.apt(["libncurses-dev"])]),
        .systemLibrary(name: "CQrencode", pkgConfig: "libqrencode", providers: [.apt(["libqrencode-dev"])]),
        .systemLibrary(name: "CAvahi", pkgConfig: "avahi-core", providers: [.apt(["libavahi-core-dev"])]),
        .systemLibrary(name: "CNatPMP", providers: [.apt(["libnatpmp-dev"])]),
        .systemLibrary(name: "CMiniUPnP", pkgConfig: "miniupnpc", providers: [.apt(["libminiupnpc-dev"])]),
        .systemLibrary(name: "CLibevent", pkgConfig: "libevent_core", providers: [.apt(["libevent-dev"])]),
        .systemLibrary(name: "CSandbox"),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),

        library("Locking"),
        library(
            "Sodium", ["CSodium", "Locking", .target(name: "CLibcrypto", condition: .when(traits: ["LibCrypto"]))]),
        library("Wire"),
        library("Noise", ["Sodium", "Wire"]),
        library("CPace", ["Sodium"]),
        library("Files", ["Sodium", "Wire"]),
        library("SecureSession", ["CPace", "Noise", "Sodium", "Wire"]),
        library("MLS", ["Locking", "Sodium", "Wire"]),
        library("Chat", ["Sodium"]),
        library("Room", ["Chat", deque, "Sodium", "Wire"]),
        library("SecureGroup", ["Chat", "MLS", "Room", "Sodium", "Wire"]),
        library("RoomStore", ["CSQLite", "Locking", "Sodium", "Wire"]),
        library("SharedLog", [deque, "Sodium", "Wire"]),
        library("EventLoop", ["CLibevent", "Locking"]),
        library("TorController", ["EventLoop", "Sodium", log]),
        library(
            "Transport",
            [
                "EventLoop", "Sodium", "TorController", log,
                .target(name: "CNatPMP", condition: .when(traits: ["PortMap"])),
                .target(name: "CMiniUPnP", condition: .when(traits: ["PortMap"])),
            ]),
        library(
            "Discovery",
            ["EventLoop", "Sodium", "Transport", .target(name: "CAvahi", condition: .when(traits: ["LAN"]))]),
        library(
            "TermTalk",
            [
                "Chat", "Discovery", "EventLoop", "Files", "Room", "RoomStore", "SecureGroup", "SecureSession",
                "SharedLog",
                "Sodium", "TorController",
                "Transport", "Wire",
                log,
            ]),
        library("Configuration", ["Chat"]),
        library("TerminalUI", ["Chat", "CNcurses", "CQrencode"]),
        .executableTarget(
            name: "TermTalkCommand",
            dependencies: [
                "Chat", "Configuration", "CSandbox", "Discovery", "EventLoop", "Files", "Locking", "Room",
                "SecureSession",
                "Sodium",
                "TermTalk",
                "TerminalUI",
                "TorController", "Transport", argumentParser, log,
            ],
            swiftSettings: strict),

        .target(
            name: "TestSupport",
            dependencies: ["Chat", "EventLoop", "Room", "SecureGroup", "SecureSession", "SharedLog", "Sodium", "Wire"],
            path: "Tests/TestSupport",
            swiftSettings: common),
        .target(name: "PrivateTorNetwork", path: "Tests/PrivateTorNetwork", swiftSettings: common),
        .executableTarget(
            name: "tor-network", dependencies: ["PrivateTorNetwork"], path: "Tests/TorNetworkTool",
            swiftSettings: common),
        .executableTarget(
            name: "store-writer", dependencies: ["Locking", "RoomStore", "Sodium", "TestSupport"],
            path: "Tests/StoreWriterTool", swiftSettings: common),

        .target(
            name: "SharedLogModel", dependencies: ["SharedLog", "TestSupport"], path: "Tests/SharedLogModel",
            swiftSettings: common),
        .executableTarget(
            name: "shared-log-explorer", dependencies: ["SharedLog", "SharedLogModel", "TestSupport"],
            path: "Tests/SharedLogExplorer", swiftSettings: common),

        .executableTarget(
            name: "termtalk-bench",
            dependencies: [
                "CLibevent", "CSodium", "EventLoop", "Locking", "Noise", "Room", "RoomStore", "SecureGroup",
                "SecureSession", "Sodium", "TermTalk", "Wire", log,
            ],
            path: "Benchmarks/TermTalkBench", swiftSettings: common),

        tests(of: "Sodium"),
        tests(of: "Wire"),
        tests(of: "Noise", ["Sodium", "Wire"], exclude: ["Interop"]),
        tests(of: "CPace", ["Sodium"]),
        tests(
            of: "SecureSession", ["CPace", "MLS", "Noise", "Room", "SecureGroup", "Sodium", "Wire"]),
        tests(of: "MLS", ["Sodium", "Wire"], exclude: ["Interop", "Mutations"]),
        tests(of: "Files", ["Sodium", "Wire"], exclude: ["NaughtyStrings"]),
        tests(of: "Chat"),
        tests(of: "Room", ["Chat", "Sodium", "Wire"]),
        tests(of: "RoomStore", ["Locking", "Sodium", "store-writer"], exclude: ["PowerCut/trace.c"]),
        tests(of: "SharedLog", ["SharedLogModel", "Sodium", "Wire"]),
        tests(of: "SecureGroup", ["Chat", "MLS", "Room", "Sodium", "Wire"]),
        tests(of: "EventLoop"),
        tests(of: "TorController", ["EventLoop", "PrivateTorNetwork", "Sodium"]),
        tests(of: "Transport", ["EventLoop", "PrivateTorNetwork", "TorController"]),
        tests(of: "Discovery", ["EventLoop", "Sodium", "Transport"]),
        tests(
            of: "TermTalk",
            [
                "PrivateTorNetwork", "Chat", "EventLoop", "Files", "Room", "RoomStore", "SecureGroup", "SecureSession",
                "SharedLog", "SharedLogModel", "Sodium",
                "TorController",
                "Transport", "Wire",
            ]),
        tests(of: "Configuration", ["Chat"]),
        tests(of: "TerminalUI", ["Chat"]),
        .testTarget(
            name: "AcceptanceTests",
            dependencies: [
                "Chat", "Discovery", "EventLoop", "PrivateTorNetwork", "Room", "SecureSession", "SharedLog", "Sodium",
                "TermTalk", "TestSupport", "TermTalkCommand", "Transport", "Wire",
            ],
            path: "Tests/Acceptance",
            exclude: [
                "Scripts", "Network/announcer.py", "Tor/upstream_proxy.py", "Tor/install.sh", "Tor/old_tor.py",
                "Tor/transport.py",
            ],
            swiftSettings: common),
    ] + fuzz,
    swiftLanguageModes: [.v6]
)
