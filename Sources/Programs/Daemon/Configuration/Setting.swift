// SPDX-License-Identifier: MIT

/// A key of the configuration: what it means, its unit, its default. The table that flags, environment, file, `sluice
/// check` and the README share.
public struct Setting: Sendable {
    public enum Kind: Sendable, Equatable {
        case text
        case word([String])
        /// Seconds, or a number with `ms`, `s`, `m`, `h`, `d`; at least so much.
        case duration(atLeast: Duration)
        case integer(ClosedRange<Int>)
        /// Bytes, or a number with `KiB`, `MiB`, `GiB`.
        case bytes(ClosedRange<Int>)
        case list
    }

    public var key: String
    public var kind: Kind
    public var defaultText: String
    public var meaning: String

    /// Its name in the environment.
    public var variable: String { "SLUICE_" + String(key.map { $0 == "." ? "_" : $0 }).uppercased() }

    public static let all: [Setting] = [
        Setting(key: "site.name", kind: .text, defaultText: "local", meaning: "name of the site, part of every key"),
        Setting(
            key: "site.type", kind: .word(["secondary", "main"]), defaultText: "secondary",
            meaning: "secondary buffers; main answers when it is applied"),
        Setting(
            key: "socket.path", kind: .text, defaultText: "",
            meaning: "socket; default sluice.sock in the state directory"),
        Setting(key: "socket.mode", kind: .text, defaultText: "0600", meaning: "permissions of the socket, octal"),
        Setting(
            key: "state.directory", kind: .text, defaultText: "", meaning: "default $STATE_DIRECTORY, else ./.sluice"),
        Setting(
            key: "keyspace.url", kind: .text, defaultText: "sqlite:keyspace.db",
            meaning: "where acknowledged transactions live: sqlite:FILE, redis://HOST, redis+unix:///PATH"),
        Setting(
            key: "keyspace.hash_tag", kind: .word(["false", "true"]), defaultText: "false",
            meaning: "write the site's name in braces in every key, for Redis Cluster"),
        Setting(
            key: "keyspace.allow_eviction", kind: .word(["false", "true"]), defaultText: "false",
            meaning: "accept a Redis that evicts keys, and with them acknowledged transactions"),
        Setting(
            key: "main.url", kind: .text, defaultText: "sqlite:main.db",
            meaning: "where transactions are applied: sqlite:FILE, postgres://HOST/DATABASE"),
        Setting(
            key: "replica.urls", kind: .list, defaultText: "", meaning: "replicas that must catch up before caches go"),
        Setting(
            key: "processing.interval", kind: .duration(atLeast: .milliseconds(1)), defaultText: "1",
            meaning: "ceiling of the wake-up"),
        Setting(
            key: "processing.lanes", kind: .integer(1...64), defaultText: "4",
            meaning: "parallel lanes; a SQLite main database has one writer and uses one"),
        Setting(
            key: "retry.attempts", kind: .integer(1...100), defaultText: "3",
            meaning: "attempts of an unclassified failure"),
        Setting(
            key: "retry.delay", kind: .duration(atLeast: .zero), defaultText: "5",
            meaning: "doubles with each attempt, full jitter"),
        Setting(
            key: "dead_letter.policy", kind: .word(["hold", "continue"]), defaultText: "hold",
            meaning: "whether what conflicts with a dead transaction waits"),
        Setting(
            key: "ledger.retention", kind: .duration(atLeast: .seconds(1)), defaultText: "30d",
            meaning: "how long ids are remembered"),
        Setting(
            key: "main.timeout", kind: .duration(atLeast: .milliseconds(1)), defaultText: "30",
            meaning: "the longest wait for the main database's locks"),
        Setting(
            key: "scope.timeout", kind: .duration(atLeast: .milliseconds(1)), defaultText: "30",
            meaning: "how long a transaction of keyspace.begin may stay open"),
        Setting(
            key: "lsn.check_interval", kind: .duration(atLeast: .milliseconds(1)), defaultText: "0.1",
            meaning: "between two looks at the replicas"
        ),
        Setting(
            key: "lsn.timeout", kind: .duration(atLeast: .milliseconds(1)), defaultText: "30",
            meaning: "without progress for so long, looks become rarer"),
        Setting(
            key: "status.ttl", kind: .duration(atLeast: .milliseconds(1)), defaultText: "3600",
            meaning: "how long a finished status stays readable"),
        Setting(
            key: "buffer.transactions_max", kind: .integer(1...1_000_000_000), defaultText: "10000000",
            meaning: "unfinished transactions; beyond: buffer_full"),
        Setting(
            key: "buffer.bytes_max", kind: .bytes(1...(1 << 50)), defaultText: "8GiB",
            meaning: "bytes of unfinished transactions; beyond: buffer_full"),
        Setting(
            key: "frame.bytes_max", kind: .bytes(1024...(1 << 30)), defaultText: "4MiB", meaning: "the longest request"),
        Setting(key: "connections_max", kind: .integer(1...100_000), defaultText: "1024", meaning: "clients at once"),
        Setting(
            key: "in_flight_max", kind: .integer(1...1_000_000), defaultText: "4096",
            meaning: "requests in execution at once"),
        Setting(
            key: "transaction_mode", kind: .word(["strict", "warn", "permissive"]), defaultText: "strict",
            meaning: "what a blocked keyspace transaction does"),
        Setting(
            key: "log.level", kind: .word(["trace", "debug", "info", "notice", "warning", "error", "critical"]),
            defaultText: "info", meaning: "least level that is logged"),
        Setting(
            key: "log.format", kind: .word(["text", "json"]), defaultText: "text", meaning: "form of the log on stderr"),
    ]

    /// The setting that a flag or a file's key names; dots, dashes and underscores are the same there.
    static func named(_ name: String) -> Setting? {
        let wanted = folded(name)
        return all.first { folded($0.key) == wanted }
    }

    private static func folded(_ name: String) -> String {
        String(name.map { $0 == "-" || $0 == "_" ? "." : $0 })
    }
}

/// What is wrong with the configuration, and what to do.
public struct ConfigurationError: Error, Sendable, CustomStringConvertible {
    public var message: String

    public init(_ message: String) { self.message = message }

    public var description: String { message }
}
