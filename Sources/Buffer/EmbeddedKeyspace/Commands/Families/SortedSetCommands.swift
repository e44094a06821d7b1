// SPDX-License-Identifier: MIT
import Keyspace

/// Members of sorted sets.
enum SortedSetCommands {
    static let handlers: [String: CommandHandler] = [
        "ZREM": zrem, "ZSCORE": zscore, "ZMSCORE": zmscore, "ZCARD": zcard,
        "ZRANK": { try rank($0, &$1, reversed: false) },
        "ZREVRANK": { try rank($0, &$1, reversed: true) },
        "ZPOPMIN": { try pop($0, &$1, reversed: false) },
        "ZPOPMAX": { try pop($0, &$1, reversed: true) },
        "ZSCAN": { tables, arguments in
            try ScanOptions.members(
                of: .sortedSet, tables, &arguments,
                read: { try tables.scored(in: $0, ranks: 0..<$0.size, reversed: false) }, name: \.member,
                items: { [.bulk($0.member), .double($0.score)] })
        },
    ]

    @Sendable static func zrem(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        guard let entry = try tables.find(try arguments.bytes(), as: .sortedSet) else { return .integer(0) }
        let removed = try arguments.rest().count { try tables.removeScored($0, from: entry) }
        if removed > 0 { try tables.resized(entry, to: entry.size - removed) }
        return .count(removed)
    }

    @Sendable static func zscore(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        guard let entry = try tables.find(try arguments.bytes(), as: .sortedSet) else { return .null }
        return try tables.score(of: try arguments.bytes(), in: entry).map { .double($0) } ?? .null
    }

    @Sendable static func zmscore(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let entry = try tables.find(try arguments.bytes(), as: .sortedSet)
        return .array(
            try arguments.rest().map { member in
                try entry.flatMap { try tables.score(of: member, in: $0) }.map { .double($0) } ?? .null
            })
    }

    @Sendable static func zcard(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        .count(try tables.find(try arguments.bytes(), as: .sortedSet)?.size ?? 0)
    }

    private static func rank(_ tables: Tables, _ arguments: inout ArgumentReader, reversed: Bool) throws -> Reply {
        let (key, member) = (try arguments.bytes(), try arguments.bytes())
        guard let entry = try tables.find(key, as: .sortedSet), let score = try tables.score(of: member, in: entry)
        else { return .null }
        return .count(try tables.rank(of: ScoredMember(member: member, score: score), in: entry, reversed: reversed))
    }

    private static func pop(_ tables: Tables, _ arguments: inout ArgumentReader, reversed: Bool) throws -> Reply {
        let key = try arguments.bytes()
        guard arguments.count <= 1 else { throw CommandError.syntax }
        let count = arguments.isAtEnd ? 1 : try arguments.positiveCount()
        guard let entry = try tables.find(key, as: .sortedSet) else { return .emptyArray }
        let taken = try tables.scored(in: entry, ranks: 0..<min(count, entry.size), reversed: reversed)
        try remove(taken, from: entry, tables)
        return .scored(taken, withScores: true)
    }

    static func remove(_ members: [ScoredMember], from entry: Entry, _ tables: Tables) throws {
        guard !members.isEmpty else { return }
        for member in members { _ = try tables.removeScored(member.member, from: entry) }
        try tables.resized(entry, to: entry.size - members.count)
    }
}
