// SPDX-License-Identifier: MIT
import Keyspace

/// Sets, one at a time.
enum SetCommands {
    static let handlers: [String: CommandHandler] = [
        "SADD": sadd, "SREM": srem, "SISMEMBER": sismember, "SMISMEMBER": smismember, "SCARD": scard,
        "SMEMBERS": smembers, "SPOP": spop, "SRANDMEMBER": srandmember, "SMOVE": smove,
        "SSCAN": { tables, arguments in
            try ScanOptions.members(
                of: .set, tables, &arguments, read: tables.members, name: { $0 }, items: { [.bulk($0)] })
        },
    ]

    @Sendable static func sadd(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let entry = try tables.findOrCreate(try arguments.bytes(), as: .set)
        let added = try arguments.rest().count { try tables.add($0, to: entry) }
        if added > 0 { try tables.resized(entry, to: entry.size + added) }
        return .count(added)
    }

    @Sendable static func srem(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        guard let entry = try tables.find(try arguments.bytes(), as: .set) else { return .integer(0) }
        let removed = try arguments.rest().count { try tables.remove($0, from: entry) }
        if removed > 0 { try tables.resized(entry, to: entry.size - removed) }
        return .count(removed)
    }

    @Sendable static func sismember(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        guard let entry = try tables.find(try arguments.bytes(), as: .set) else { return .bool(false) }
        return .bool(try tables.contains(try arguments.bytes(), in: entry))
    }

    @Sendable static func smismember(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let entry = try tables.find(try arguments.bytes(), as: .set)
        return .array(
            try arguments.rest().map { member in .bool(try entry.map { try tables.contains(member, in: $0) } ?? false) }
        )
    }

    @Sendable static func scard(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        .count(try tables.find(try arguments.bytes(), as: .set)?.size ?? 0)
    }

    @Sendable static func smembers(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        guard let entry = try tables.find(try arguments.bytes(), as: .set) else { return .emptyArray }
        return .bulks(try tables.members(of: entry))
    }

    @Sendable static func spop(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let key = try arguments.bytes()
        guard !arguments.isAtEnd else {
            guard let entry = try tables.find(key, as: .set), let member = try tables.randomMember(of: entry) else {
                return .null
            }
            _ = try tables.remove(member, from: entry)
            try tables.resized(entry, to: entry.size - 1)
            return .bulk(member)
        }
        guard arguments.count == 1 else { throw CommandError.syntax }
        let count = try arguments.positiveCount()
        guard let entry = try tables.find(key, as: .set), count > 0 else { return .emptyArray }
        let taken = try tables.members(of: entry).shuffled(using: &tables.random).prefix(count)
        for member in taken { _ = try tables.remove(member, from: entry) }
        try tables.resized(entry, to: entry.size - taken.count)
        return .bulks(taken)
    }

    /// A negative count may return a member more than once.
    @Sendable static func srandmember(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let key = try arguments.bytes()
        guard !arguments.isAtEnd else {
            guard let entry = try tables.find(key, as: .set) else { return .null }
            return .optional(try tables.randomMember(of: entry))
        }
        guard arguments.count == 1 else { throw CommandError.syntax }
        let count = try arguments.symmetricIndex()
        guard count >= -repeatedMembersMax else { throw CommandError.err("value is out of range") }
        guard let entry = try tables.find(key, as: .set), count != 0 else { return .emptyArray }
        let members = try tables.members(of: entry)
        guard count < 0 else { return .bulks(members.shuffled(using: &tables.random).prefix(count)) }
        return .bulks((0..<(-count)).compactMap { _ in members.randomElement(using: &tables.random) })
    }

    /// What a negative count may ask for: the reply is built in memory.
    private static let repeatedMembersMax = 1_000_000

    @Sendable static func smove(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let (source, destination, member) = (try arguments.bytes(), try arguments.bytes(), try arguments.bytes())
        guard let entry = try tables.find(source) else { return .bool(false) }
        guard entry.type == .set else { throw CommandError.wrongType }
        _ = try tables.find(destination, as: .set)
        guard source != destination else { return .bool(try tables.contains(member, in: entry)) }
        guard try tables.remove(member, from: entry) else { return .bool(false) }
        try tables.resized(entry, to: entry.size - 1)
        let target = try tables.findOrCreate(destination, as: .set)
        if try tables.add(member, to: target) { try tables.resized(target, to: target.size + 1) }
        return .bool(true)
    }
}
