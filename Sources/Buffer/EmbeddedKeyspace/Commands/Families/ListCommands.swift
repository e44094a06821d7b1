// SPDX-License-Identifier: MIT
import Keyspace

/// The ends of lists, and reading them.
enum ListCommands {
    static let handlers: [String: CommandHandler] = [
        "LPUSH": { try push($0, &$1, at: .head, creates: true) },
        "RPUSH": { try push($0, &$1, at: .tail, creates: true) },
        "LPUSHX": { try push($0, &$1, at: .head, creates: false) },
        "RPUSHX": { try push($0, &$1, at: .tail, creates: false) },
        "LPOP": { try pop($0, &$1, from: .head) },
        "RPOP": { try pop($0, &$1, from: .tail) },
        "LMOVE": lmove,
        "RPOPLPUSH": { tables, arguments in
            try move(tables, from: try arguments.bytes(), .tail, to: try arguments.bytes(), .head)
        },
        "LLEN": llen, "LRANGE": lrange, "LINDEX": lindex, "LPOS": ListPosition.run,
    ]

    private static func push(
        _ tables: Tables, _ arguments: inout ArgumentReader, at end: ListEnd, creates: Bool
    ) throws -> Reply {
        let key = try arguments.bytes()
        guard let entry = try creates ? tables.findOrCreate(key, as: .list) : tables.find(key, as: .list) else {
            return .integer(0)
        }
        let size = entry.size + (try tables.push(arguments.rest(), to: entry, at: end))
        try tables.resized(entry, to: size)
        return .count(size)
    }

    private static func pop(_ tables: Tables, _ arguments: inout ArgumentReader, from end: ListEnd) throws -> Reply {
        let key = try arguments.bytes()
        try arguments.atMost(1)
        let count = arguments.isAtEnd ? nil : try arguments.positiveCount()
        guard let entry = try tables.find(key, as: .list) else { return .null }
        let values = try tables.pop(count ?? 1, from: entry, at: end)
        if !values.isEmpty { try tables.resized(entry, to: entry.size - values.count) }
        return count == nil ? .optional(values.first) : .bulks(values)
    }

    @Sendable static func lmove(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let (source, destination) = (try arguments.bytes(), try arguments.bytes())
        let (from, to) = (try end(&arguments), try end(&arguments))
        return try move(tables, from: source, from, to: destination, to)
    }

    private static func end(_ arguments: inout ArgumentReader) throws -> ListEnd {
        if arguments.take("LEFT") { return .head }
        if arguments.take("RIGHT") { return .tail }
        throw CommandError.syntax
    }

    private static func move(
        _ tables: Tables, from source: [UInt8], _ from: ListEnd, to destination: [UInt8], _ to: ListEnd
    ) throws -> Reply {
        guard let entry = try tables.find(source, as: .list) else { return .null }
        let isRotation = source == destination
        if !isRotation { _ = try tables.find(destination, as: .list) }
        let values = try tables.pop(1, from: entry, at: from)
        guard let value = values.first else { return .null }
        if isRotation {
            _ = try tables.push(values, to: entry, at: to)
            try tables.resized(entry, to: entry.size)
        } else {
            let target = try tables.findOrCreate(destination, as: .list)
            _ = try tables.push(values, to: target, at: to)
            try tables.resized(target, to: target.size + 1)
            try tables.resized(entry, to: entry.size - 1)
        }
        return .bulk(value)
    }

    @Sendable static func llen(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        .count(try tables.find(try arguments.bytes(), as: .list)?.size ?? 0)
    }

    @Sendable static func lrange(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let key = try arguments.bytes()
        let range = try IndexRange(&arguments)
        guard let entry = try tables.find(key, as: .list), let indices = range.resolved(in: entry.size) else {
            return .emptyArray
        }
        return .bulks(try tables.items(of: entry, in: indices).map(\.value))
    }

    @Sendable static func lindex(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        guard let entry = try tables.find(try arguments.bytes(), as: .list) else { return .null }
        return .optional(try item(at: try arguments.index(), of: entry, tables)?.value)
    }

    /// An index from the head, or a negative one from the tail.
    static func item(at index: Int, of entry: Entry, _ tables: Tables) throws -> ListItem? {
        let index = index < 0 ? index + entry.size : index
        guard index >= 0, index < entry.size else { return nil }
        return try tables.items(of: entry, in: index..<index + 1).first
    }
}
