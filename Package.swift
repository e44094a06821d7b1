// swift-tools-version: 6.2
// SPDX-License-Identifier: MIT
import PackageDescription

// The plan of the house. One room is one target; its line names the only rooms it may use.
// `make check` builds with --explicit-target-dependency-import-check error, which keeps it so.

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

func room(_ path: String, uses rooms: [Target.Dependency] = []) -> Target {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    return .target(name: name, dependencies: rooms, path: "Sources/\(path)", swiftSettings: strict)
}

func tests(_ path: String, of rooms: [Target.Dependency], resources: [Resource] = []) -> Target {
    let name = path.split(separator: "/").joined() + "Tests"
    return .testTarget(
        name: name, dependencies: rooms, path: "Tests/\(path)", resources: resources, swiftSettings: strict)
}

func support(_ name: String, uses rooms: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: rooms, path: "Tests/Support/\(name)", swiftSettings: strict)
}

let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")

let package = Package(
    name: "sluice",
    products: [
        .executable(name: "sluice", targets: ["sluice"]),
        .library(name: "SluiceClient", targets: ["SluiceClient"]),
        .library(
            name: "ReentrantTransactions",
            targets: ["ReentrantTransactions", "Keyspace", "EmbeddedKeyspace", "RedisKeyspace"]),
    ],
    traits: [
        .trait(name: "Postgres", description: "PostgreSQL as main database; needs libpq-dev.")
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(
            url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["CommandLineArguments"]),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        // Model: words every storey uses.
        room("Model/JSON"),
        .target(name: "CSHA256", path: "Sources/Drivers/CSHA256"),
        room("Model/TransactionModel", uses: ["JSON", "CSHA256"]),

        // Drivers: C libraries and threads; nothing of our domain.
        .systemLibrary(name: "CSQLite", path: "Sources/Drivers/CSQLite"),
        .target(
            name: "CGatheredLog", path: "Sources/Drivers/CGatheredLog", linkerSettings: [.linkedLibrary("sqlite3")]),
        room("Drivers/SQLiteConnection", uses: ["CSQLite", "CGatheredLog"]),
        room("Drivers/BlockingThread"),
        .systemLibrary(name: "CEpoll", path: "Sources/Drivers/CEpoll"),
        .systemLibrary(name: "CMalloc", path: "Sources/Drivers/CMalloc"),
        .systemLibrary(name: "CHiredis", path: "Sources/Drivers/CHiredis"),
        // Empty without the trait: what they hold stands in `#if Postgres`.
        .systemLibrary(name: "CLibPQ", path: "Sources/Drivers/CLibPQ"),
        room("Drivers/PostgresConnection", uses: ["CLibPQ"]),

        // Buffer: requests become durable transactions.
        room("Buffer/Keyspace", uses: ["JSON", "TransactionModel"]),
        room(
            "Buffer/EmbeddedKeyspace",
            uses: ["Keyspace", "TransactionModel", "JSON", "SQLiteConnection", "BlockingThread"]),
        room("Buffer/RedisKeyspace", uses: ["Keyspace", "TransactionModel", "JSON", "CHiredis", nio, nioPosix]),
        room("Buffer/ReentrantTransactions", uses: ["Keyspace", log]),
        room(
            "Buffer/TransactionBuffering", uses: ["ReentrantTransactions", "Keyspace", "TransactionModel", "JSON", log]),

        // Accept: bytes become requests.
        room("Accept/WireProtocol", uses: ["JSON"]),
        room("Accept/SocketServer", uses: ["WireProtocol", "JSON", nio, nioPosix, log, lifecycle]),
        room(
            "Accept/RequestDispatch",
            uses: [
                "WireProtocol", "SmartQueries", "TransactionBuffering", "ReentrantTransactions", "Keyspace",
                "TransactionModel", "JSON",
            ]),

        // Drain: durable transactions become rows in the main database.
        room("Drain/MainDatabase", uses: ["TransactionModel", "JSON"]),
        room(
            "Drain/SQLiteMainDatabase",
            uses: ["MainDatabase", "TransactionModel", "JSON", "SQLiteConnection", "BlockingThread"]),
        room(
            "Drain/PostgresMainDatabase",
            uses: ["MainDatabase", "TransactionModel", "JSON", "PostgresConnection", "BlockingThread"]),
        room("Drain/TransactionExecution", uses: ["MainDatabase", "TransactionModel", "JSON"]),
        room(
            "Drain/BackgroundProcessing",
            uses: [
                "TransactionExecution", "MainDatabase", "TransactionBuffering", "Keyspace", "TransactionModel", "JSON",
                log, lifecycle,
            ]),
        room(
            "Drain/ReplicationTracking",
            uses: ["MainDatabase", "TransactionBuffering", "Keyspace", "TransactionModel", "JSON", log, lifecycle]),

        // Recall: reads see what is still on the way.
        room(
            "Recall/SmartQueries",
            uses: ["MainDatabase", "TransactionBuffering", "Keyspace", "TransactionModel", "JSON"]),

        // Programs: the only storey that sees everything.
        room(
            "Programs/Daemon",
            uses: [
                "SocketServer", "WireProtocol", "RequestDispatch", "TransactionBuffering", "ReentrantTransactions",
                "Keyspace", "EmbeddedKeyspace", "RedisKeyspace", "BackgroundProcessing", "TransactionExecution",
                "MainDatabase",
                "SQLiteMainDatabase", "PostgresMainDatabase", "ReplicationTracking", "SmartQueries", "TransactionModel",
                "JSON", "CMalloc", nioPosix, nio, log, lifecycle,
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "TOMLKit", package: "TOMLKit"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]),
        room("Programs/SluiceClient", uses: ["WireProtocol", "JSON", nio, nioPosix]),
        .executableTarget(
            name: "sluice",
            dependencies: [
                "Daemon", "SluiceClient", "JSON", "BlockingThread", "CEpoll", nio, log, argumentParser,
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            path: "Sources/Programs/sluice", swiftSettings: strict),

        // Tests: the same storeys. Support holds doubles and the suites that every adapter of a port runs.
        support("SeededRandom", uses: []),
        support("InMemoryKeyspace", uses: ["Keyspace", "TransactionModel"]),
        support("KeyspaceConformance", uses: ["Keyspace", "TransactionModel", "JSON"]),
        .executableTarget(
            name: "KeyspaceCrashWriter", dependencies: ["EmbeddedKeyspace", "Keyspace", "TransactionModel"],
            path: "Tests/Support/KeyspaceCrashWriter", swiftSettings: strict),
        tests("Model/JSON", of: ["JSON"]),
        tests("Drivers/SQLiteConnection", of: ["SeededRandom", "SQLiteConnection", "CSQLite"]),
        tests("Drivers/BlockingThread", of: ["BlockingThread"]),
        tests("Accept/WireProtocol", of: ["SeededRandom", "WireProtocol", "JSON"]),
        tests(
            "Accept/SocketServer",
            of: ["SeededRandom", "SocketServer", "WireProtocol", "JSON", nio, nioPosix, log, lifecycle]),
        tests(
            "Buffer/EmbeddedKeyspace",
            of: [
                "EmbeddedKeyspace", "Keyspace", "KeyspaceConformance", "KeyspaceCrashWriter", "TransactionModel",
                "JSON",
                "SQLiteConnection", "BlockingThread",
            ]),
        tests(
            "Buffer/Differential",
            of: [
                "RedisKeyspace", "EmbeddedKeyspace", "Keyspace", "RedisServer", "SeededRandom", "TransactionModel",
                "JSON",
                nio, nioPosix,
            ]),
        tests(
            "Buffer/RedisKeyspace",
            of: [
                "RedisKeyspace", "EmbeddedKeyspace", "Keyspace", "KeyspaceConformance", "RedisServer", "SeededRandom",
                "TransactionModel", "JSON", nio, nioPosix, .product(name: "NIOEmbedded", package: "swift-nio"),
            ]),
        tests(
            "Buffer/ReentrantTransactions",
            of: ["ReentrantTransactions", "InMemoryKeyspace", "Keyspace", "TransactionModel", log]),
        tests("Drain/MainDatabase", of: ["MainDatabase", "TransactionModel", "JSON"]),
        tests(
            "Drain/SQLiteMainDatabase",
            of: ["SeededRandom", "SQLiteMainDatabase", "MainDatabase", "TransactionModel", "JSON", "SQLiteConnection"]),
        tests("Programs/SluiceClient", of: ["SluiceClient", "WireProtocol", "JSON", nio, nioPosix]),
        tests("Programs/sluice", of: ["sluice", "SluiceClient", "JSON", nio, nioPosix, argumentParser]),
        tests(
            "Drain/TransactionExecution",
            of: ["TransactionExecution", "SQLiteMainDatabase", "MainDatabase", "TransactionModel", "JSON"]),
        tests("Model/TransactionModel", of: ["SeededRandom", "TransactionModel", "JSON", "SQLiteConnection"]),
        tests(
            "Buffer/TransactionBuffering",
            of: [
                "TransactionBuffering", "EmbeddedKeyspace", "ReentrantTransactions", "Keyspace", "TransactionModel",
                "JSON",
            ]),
        tests(
            "Recall/SmartQueries",
            of: [
                "SeededRandom", "SmartQueries", "BackgroundProcessing", "TransactionExecution", "SQLiteMainDatabase",
                "MainDatabase",
                "TransactionBuffering", "EmbeddedKeyspace", "ReentrantTransactions", "Keyspace", "TransactionModel",
                "JSON", "SQLiteConnection", log,
            ]),
        tests(
            "Drain/BackgroundProcessing",
            of: [
                "SeededRandom", "BackgroundProcessing", "TransactionExecution", "MainDatabase", "TransactionBuffering",
                "EmbeddedKeyspace", "ReentrantTransactions", "Keyspace", "TransactionModel", "JSON", log,
            ]),
        tests(
            "Drain/ReplicationTracking",
            of: [
                "ReplicationTracking", "MainDatabase", "TransactionBuffering", "EmbeddedKeyspace",
                "ReentrantTransactions", "Keyspace", "TransactionModel", "JSON", log,
            ]),
        tests(
            "Accept/RequestDispatch",
            of: [
                "RequestDispatch", "WireProtocol", "SmartQueries", "MainDatabase", "TransactionBuffering",
                "EmbeddedKeyspace", "ReentrantTransactions", "Keyspace", "TransactionModel", "JSON",
            ]),
        tests(
            "Programs/Daemon",
            of: ["Daemon", "BackgroundProcessing", "EmbeddedKeyspace", "SocketServer", "TransactionModel", log]),
        support("RedisServer", uses: []),
        support("PostgresServer", uses: []),
        support("ByteProxy", uses: []),
        tests(
            "Drain/PostgresMainDatabase",
            of: [
                "SeededRandom", "PostgresServer", "ByteProxy", "PostgresMainDatabase", "PostgresConnection",
                "TransactionExecution", "MainDatabase", "TransactionModel", "JSON",
            ]),
        support("DaemonHarness", uses: ["WireProtocol", "JSON", "RedisServer"]),
        .testTarget(
            name: "IntegrationTests",
            dependencies: [
                "DaemonHarness", "RedisServer", "PostgresServer", "ByteProxy", "WireProtocol", "JSON", "sluice",
            ],
            path: "Tests/Integration", swiftSettings: strict),
    ]
)
