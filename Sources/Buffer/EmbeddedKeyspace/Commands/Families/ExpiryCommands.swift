// SPDX-License-Identifier: MIT
import Keyspace

/// When keys expire.
enum ExpiryCommands {
    static let handlers: [String: CommandHandler] = [
        "EXPIRE": { try expire($0, &$1, ExpiryArgument(unit: .seconds, isRelative: true)) },
        "PEXPIRE": { try expire($0, &$1, ExpiryArgument(unit: .milliseconds, isRelative: true)) },
        "EXPIREAT": { try expire($0, &$1, ExpiryArgument(unit: .seconds, isRelative: false)) },
        "PEXPIREAT": { try expire($0, &$1, ExpiryArgument(unit: .milliseconds, isRelative: false)) },
        "TTL": { tables, arguments in
            try expiry(tables, &arguments) { seconds(max(0, $0 - tables.milliseconds)) }
        },
        "PTTL": { tables, arguments in try expiry(tables, &arguments) { max(0, $0 - tables.milliseconds) } },
        "EXPIRETIME": { try expiry($0, &$1, as: seconds) },
        "PEXPIRETIME": { try expiry($0, &$1) { $0 } },
        "PERSIST": persist,
    ]

    private static func expire(
        _ tables: Tables, _ arguments: inout ArgumentReader, _ expiry: ExpiryArgument
    ) throws -> Reply {
        let (key, text) = (try arguments.bytes(), try arguments.bytes())
        let condition = try Condition(&arguments)
        guard let value = Int64(redis: text) else { throw CommandError.notAnInteger }
        guard let moment = expiry.moment(value, now: tables.milliseconds) else {
            throw CommandError.invalidExpiry(in: arguments.name)
        }
        guard let entry = try tables.find(key), condition.allows(moment, current: entry.expiresAt) else {
            return .bool(false)
        }
        if moment <= tables.milliseconds {
            try tables.remove(entry)
        } else {
            try tables.setExpiry(entry, to: moment)
        }
        return .bool(true)
    }

    /// -2 when there is no such key, -1 when it never expires.
    private static func expiry(
        _ tables: Tables, _ arguments: inout ArgumentReader, as unit: (Int64) -> Int64
    ) throws -> Reply {
        guard let entry = try tables.find(try arguments.bytes()) else { return .integer(-2) }
        return .integer(entry.expiresAt.map(unit) ?? -1)
    }

    /// Rounded, without a sum that the latest of all moments would not survive.
    private static func seconds(_ milliseconds: Int64) -> Int64 {
        milliseconds / 1000 + (milliseconds % 1000 >= 500 ? 1 : 0)
    }

    @Sendable static func persist(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        guard let entry = try tables.find(try arguments.bytes()), entry.expiresAt != nil else { return .bool(false) }
        try tables.setExpiry(entry, to: nil)
        return .bool(true)
    }

    /// The options `NX`, `XX`, `GT`, `LT`.
    private struct Condition {
        var onlyIfNone = false
        var onlyIfSome = false
        var onlyIfLater = false
        var onlyIfEarlier = false

        init(_ arguments: inout ArgumentReader) throws(CommandError) {
            while !arguments.isAtEnd {
                if arguments.take("NX") {
                    onlyIfNone = true
                } else if arguments.take("XX") {
                    onlyIfSome = true
                } else if arguments.take("GT") {
                    onlyIfLater = true
                } else if arguments.take("LT") {
                    onlyIfEarlier = true
                } else {
                    // Redis repeats the word here; we show no arguments.
                    throw .err("Unsupported option")
                }
            }
            if onlyIfNone, onlyIfSome || onlyIfLater || onlyIfEarlier {
                throw .err("NX and XX, GT or LT options at the same time are not compatible")
            }
            if onlyIfLater, onlyIfEarlier {
                throw .err("GT and LT options at the same time are not compatible")
            }
        }

        /// A key that never expires counts as expiring last of all.
        func allows(_ moment: Int64, current: Int64?) -> Bool {
            guard let current else { return !onlyIfSome && !onlyIfLater }
            return !onlyIfNone && !(onlyIfLater && moment <= current) && !(onlyIfEarlier && moment >= current)
        }
    }
}
