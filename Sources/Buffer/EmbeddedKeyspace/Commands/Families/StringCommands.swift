// SPDX-License-Identifier: MIT
import Keyspace

/// Strings as a whole.
enum StringCommands {
    static let handlers: [String: CommandHandler] = [
        "GET": get, "SET": SetCommand.run, "SETNX": setnx, "SETEX": setex, "PSETEX": psetex, "GETSET": getset,
        "GETDEL": getdel, "GETEX": getex, "MGET": mget, "MSET": mset, "MSETNX": msetnx, "APPEND": append,
        "STRLEN": strlen, "GETRANGE": getrange, "SETRANGE": setrange,
    ]

    /// A string is written whole whenever it changes, and others wait for that.
    static let stringBytesMax = 64 << 20

    @Sendable static func get(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        .optional(try tables.string(try arguments.bytes()))
    }

    @Sendable static func setnx(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let (key, value) = (try arguments.bytes(), try arguments.bytes())
        guard try tables.find(key) == nil else { return .bool(false) }
        try tables.setString(key, value, expiry: .set(nil))
        return .bool(true)
    }

    @Sendable static func setex(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        try set(tables, &arguments, for: ExpiryArgument(unit: .seconds, isRelative: true))
    }

    @Sendable static func psetex(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        try set(tables, &arguments, for: ExpiryArgument(unit: .milliseconds, isRelative: true))
    }

    private static func set(
        _ tables: Tables, _ arguments: inout ArgumentReader, for expiry: ExpiryArgument
    ) throws -> Reply {
        let (key, time, value) = (try arguments.bytes(), try arguments.bytes(), try arguments.bytes())
        let moment = try expiry.positiveMoment(of: time, now: tables.milliseconds, in: arguments.name)
        try tables.setString(key, value, expiry: .set(moment))
        return .ok
    }

    @Sendable static func getset(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let (key, value) = (try arguments.bytes(), try arguments.bytes())
        let previous = try tables.string(key)
        try tables.setString(key, value, expiry: .set(nil))
        return .optional(previous)
    }

    @Sendable static func getdel(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        guard let entry = try tables.find(try arguments.bytes(), as: .string) else { return .null }
        let value = try tables.value(of: entry)
        try tables.remove(entry)
        return .bulk(value)
    }

    @Sendable static func getex(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let key = try arguments.bytes()
        var expiry: (option: ExpiryArgument, time: [UInt8])?
        var persists = false
        while !arguments.isAtEnd {
            if expiry == nil, arguments.take("PERSIST") {
                persists = true
            } else if !persists, let option = ExpiryArgument.option(&arguments),
                expiry == nil || expiry?.option == option
            {
                expiry = (option, try arguments.bytes())
            } else {
                throw CommandError.syntax
            }
        }
        guard let entry = try tables.find(key, as: .string) else { return .null }
        let value = try tables.value(of: entry)
        if let (option, time) = expiry {
            let moment = try option.positiveMoment(of: time, now: tables.milliseconds, in: arguments.name)
            if moment <= tables.milliseconds {
                try tables.remove(entry)
            } else {
                try tables.setExpiry(entry, to: moment)
            }
        } else if persists, entry.expiresAt != nil {
            try tables.setExpiry(entry, to: nil)
        }
        return .bulk(value)
    }

    @Sendable static func mget(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        .array(
            try arguments.rest().map { key in
                guard let entry = try tables.find(key), entry.type == .string else { return .null }
                return .bulk(try tables.value(of: entry))
            })
    }

    @Sendable static func mset(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        for (key, value) in try arguments.pairs() { try tables.setString(key, value, expiry: .set(nil)) }
        return .ok
    }

    @Sendable static func msetnx(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let pairs = try arguments.pairs()
        for (key, _) in pairs where try tables.find(key) != nil { return .bool(false) }
        for (key, value) in pairs { try tables.setString(key, value, expiry: .set(nil)) }
        return .bool(true)
    }

    @Sendable static func append(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let (key, suffix) = (try arguments.bytes(), try arguments.bytes())
        let value = (try tables.string(key) ?? []) + suffix
        guard value.count <= stringBytesMax else { throw CommandError.stringTooLong }
        try tables.setString(key, value, expiry: .keep)
        return .count(value.count)
    }

    @Sendable static func strlen(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        guard let entry = try tables.find(try arguments.bytes(), as: .string) else { return .integer(0) }
        return .count(try tables.length(of: entry))
    }

    @Sendable static func getrange(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let key = try arguments.bytes()
        let range = try IndexRange(&arguments)
        guard let value = try tables.string(key) else { return .bulk([]) }
        // Here, unlike in a list, an end before the first byte means the first byte, unless the range runs backwards.
        if range.start < 0, range.stop < 0, range.start > range.stop { return .bulk([]) }
        let first = max(0, range.start < 0 ? range.start + value.count : range.start)
        let last = min(value.count - 1, max(0, range.stop < 0 ? range.stop + value.count : range.stop))
        return .bulk(first <= last ? Array(value[first...last]) : [])
    }

    @Sendable static func setrange(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let key = try arguments.bytes()
        let offset = try arguments.index()
        let patch = try arguments.bytes()
        guard offset >= 0 else { throw CommandError.offsetOutOfRange }
        var value = try tables.string(key) ?? []
        guard !patch.isEmpty else { return .count(value.count) }
        guard offset <= stringBytesMax - patch.count else { throw CommandError.stringTooLong }
        let end = offset + patch.count
        if value.count < end { value += [UInt8](repeating: 0, count: end - value.count) }
        value.replaceSubrange(offset..<end, with: patch)
        try tables.setString(key, value, expiry: .keep)
        return .count(value.count)
    }
}
