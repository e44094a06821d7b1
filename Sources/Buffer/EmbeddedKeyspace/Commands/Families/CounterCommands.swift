// SPDX-License-Identifier: MIT
import Keyspace

/// Strings as numbers. The expiry of the key stays.
enum CounterCommands {
    static let handlers: [String: CommandHandler] = [
        "INCR": { try add(1, $0, &$1) },
        "DECR": { try add(-1, $0, &$1) },
        "INCRBY": { try add(nil, $0, &$1) },
        "DECRBY": decrby, "INCRBYFLOAT": incrbyfloat,
    ]

    private static func add(_ delta: Int64?, _ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let key = try arguments.bytes()
        return try add(try delta ?? arguments.integer(), to: key, tables)
    }

    @Sendable static func decrby(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let key = try arguments.bytes()
        let delta = try arguments.integer()
        guard delta != .min else { throw CommandError.err("decrement would overflow") }
        return try add(-delta, to: key, tables)
    }

    private static func add(_ delta: Int64, to key: [UInt8], _ tables: Tables) throws -> Reply {
        guard let value = Int64(redis: try tables.string(key) ?? [UInt8(ascii: "0")]) else {
            throw CommandError.notAnInteger
        }
        let (sum, isTooBig) = value.addingReportingOverflow(delta)
        guard !isTooBig else { throw CommandError.overflow }
        try tables.setString(key, sum.commandBytes, expiry: .keep)
        return .integer(sum)
    }

    @Sendable static func incrbyfloat(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let (key, text) = (try arguments.bytes(), try arguments.bytes())
        guard let value = LongDouble(redisLong: try tables.string(key) ?? [UInt8(ascii: "0")]),
            let delta = LongDouble(redisLong: text)
        else { throw CommandError.notAFloat }
        let sum = value + delta
        guard sum.isFinite else { throw CommandError.err("increment would produce NaN or Infinity") }
        try tables.setString(key, sum.redisLongText, expiry: .keep)
        return .bulk(sum.redisLongText)
    }
}
