// SPDX-License-Identifier: MIT
import Keyspace

/// Hashes.
enum HashCommands {
    static let handlers: [String: CommandHandler] = [
        "HSET": { .count(try set($0, &$1)) },
        "HMSET": { tables, arguments in
            _ = try set(tables, &arguments)
            return .ok
        },
        "HSETNX": hsetnx, "HGET": hget, "HMGET": hmget, "HDEL": hdel, "HEXISTS": hexists, "HLEN": hlen,
        "HGETALL": { try list($0, &$1) { [.bulk($0), .bulk($1)] } },
        "HKEYS": { try list($0, &$1) { field, _ in [.bulk(field)] } },
        "HVALS": { try list($0, &$1) { _, value in [.bulk(value)] } },
        "HINCRBY": hincrby, "HINCRBYFLOAT": hincrbyfloat, "HSTRLEN": hstrlen,
        "HSCAN": { tables, arguments in
            try ScanOptions.members(
                of: .hash, tables, &arguments, read: tables.fields, name: \.field,
                items: { [.bulk($0.field), .bulk($0.value)] })
        },
    ]

    /// How many fields are new.
    private static func set(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Int {
        let key = try arguments.bytes()
        let pairs = try arguments.pairs()
        let entry = try tables.findOrCreate(key, as: .hash)
        var added = 0
        for (field, value) in pairs where try tables.setField(field, of: entry, to: value) { added += 1 }
        try tables.resized(entry, to: entry.size + added)
        return added
    }

    @Sendable static func hsetnx(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let (key, field, value) = (try arguments.bytes(), try arguments.bytes(), try arguments.bytes())
        if let entry = try tables.find(key, as: .hash), try tables.field(field, of: entry) != nil {
            return .bool(false)
        }
        try set(field, of: key, to: value, tables)
        return .bool(true)
    }

    private static func set(_ field: [UInt8], of key: [UInt8], to value: [UInt8], _ tables: Tables) throws {
        let entry = try tables.findOrCreate(key, as: .hash)
        let isNew = try tables.setField(field, of: entry, to: value)
        try tables.resized(entry, to: entry.size + (isNew ? 1 : 0))
    }

    /// The value of a field; nil when there is no such field or key.
    private static func value(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> [UInt8]? {
        let (key, field) = (try arguments.bytes(), try arguments.bytes())
        return try tables.find(key, as: .hash).flatMap { try tables.field(field, of: $0) }
    }

    @Sendable static func hget(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        .optional(try value(tables, &arguments))
    }

    @Sendable static func hexists(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        .bool(try value(tables, &arguments) != nil)
    }

    @Sendable static func hstrlen(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        .count(try value(tables, &arguments)?.count ?? 0)
    }

    @Sendable static func hmget(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let entry = try tables.find(try arguments.bytes(), as: .hash)
        return .array(
            try arguments.rest().map { field in .optional(try entry.flatMap { try tables.field(field, of: $0) }) })
    }

    private static func list(
        _ tables: Tables, _ arguments: inout ArgumentReader, items: ([UInt8], [UInt8]) -> [Reply]
    ) throws -> Reply {
        guard let entry = try tables.find(try arguments.bytes(), as: .hash) else { return .emptyArray }
        return .array(try tables.fields(of: entry).flatMap { items($0.field, $0.value) })
    }

    @Sendable static func hlen(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        .count(try tables.find(try arguments.bytes(), as: .hash)?.size ?? 0)
    }

    @Sendable static func hdel(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        guard let entry = try tables.find(try arguments.bytes(), as: .hash) else { return .integer(0) }
        let removed = try arguments.rest().count { try tables.removeField($0, of: entry) }
        if removed > 0 { try tables.resized(entry, to: entry.size - removed) }
        return .count(removed)
    }

    @Sendable static func hincrby(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let (key, field) = (try arguments.bytes(), try arguments.bytes())
        let delta = try arguments.integer()
        let current = try tables.find(key, as: .hash).flatMap { try tables.field(field, of: $0) }
        guard let value = Int64(redis: current ?? [UInt8(ascii: "0")]) else {
            throw CommandError.err("hash value is not an integer")
        }
        let (sum, isTooBig) = value.addingReportingOverflow(delta)
        guard !isTooBig else { throw CommandError.overflow }
        try set(field, of: key, to: sum.commandBytes, tables)
        return .integer(sum)
    }

    @Sendable static func hincrbyfloat(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let (key, field, text) = (try arguments.bytes(), try arguments.bytes(), try arguments.bytes())
        guard let delta = LongDouble(redisLong: text) else { throw CommandError.notAFloat }
        guard delta.isFinite else { throw CommandError.err("value is NaN or Infinity") }
        let current = try tables.find(key, as: .hash).flatMap { try tables.field(field, of: $0) }
        guard let value = LongDouble(redisLong: current ?? [UInt8(ascii: "0")]) else {
            throw CommandError.err("hash value is not a float")
        }
        let sum = value + delta
        guard sum.isFinite else { throw CommandError.err("increment would produce NaN or Infinity") }
        try set(field, of: key, to: sum.redisLongText, tables)
        return .bulk(sum.redisLongText)
    }
}
