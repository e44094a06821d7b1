// SPDX-License-Identifier: MIT
import Keyspace

/// Intersection, union and difference of sets. Results come in the byte order of the members.
enum SetAlgebraCommands {
    static let handlers: [String: CommandHandler] = [
        "SINTER": { .bulks(try combine($0, &$1, intersection)) },
        "SUNION": { .bulks(try combine($0, &$1, union)) },
        "SDIFF": { .bulks(try combine($0, &$1, difference)) },
        "SINTERSTORE": { try store($0, &$1, intersection) },
        "SUNIONSTORE": { try store($0, &$1, union) },
        "SDIFFSTORE": { try store($0, &$1, difference) },
    ]

    /// What becomes of the sets, in the order of their keys; nil: there is no such key.
    private typealias Combination = (_ sets: [Entry?], _ tables: Tables) throws -> [[UInt8]]

    private static func combine(
        _ tables: Tables, _ arguments: inout ArgumentReader, _ combination: Combination
    ) throws -> [[UInt8]] {
        try combination(try arguments.rest().map { try tables.find($0, as: .set) }, tables)
    }

    private static func store(
        _ tables: Tables, _ arguments: inout ArgumentReader, _ combination: Combination
    ) throws -> Reply {
        let key = try arguments.bytes()
        let members = try combine(tables, &arguments, combination)
        if let previous = try tables.find(key) { try tables.remove(previous) }
        guard !members.isEmpty else { return .integer(0) }
        let entry = try tables.create(key, as: .set)
        for member in members { _ = try tables.add(member, to: entry) }
        try tables.resized(entry, to: members.count)
        return .count(members.count)
    }

    /// Walks the smallest set and asks the others.
    private static func intersection(_ sets: [Entry?], _ tables: Tables) throws -> [[UInt8]] {
        let present = sets.compactMap(\.self).sorted { $0.size < $1.size }
        guard present.count == sets.count, let smallest = present.first else { return [] }
        return try tables.members(of: smallest).filter { member in
            try present.dropFirst().allSatisfy { try tables.contains(member, in: $0) }
        }
    }

    private static func union(_ sets: [Entry?], _ tables: Tables) throws -> [[UInt8]] {
        var seen: Set<[UInt8]> = []
        for case let entry? in sets { seen.formUnion(try tables.members(of: entry)) }
        return seen.sorted { $0.lexicographicallyPrecedes($1) }
    }

    private static func difference(_ sets: [Entry?], _ tables: Tables) throws -> [[UInt8]] {
        guard case let first?? = sets.first else { return [] }
        let others = sets.dropFirst().compactMap(\.self)
        return try tables.members(of: first).filter { member in
            try !others.contains { try tables.contains(member, in: $0) }
        }
    }
}
