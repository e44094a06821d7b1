// SPDX-License-Identifier: MIT
import Keyspace

/// Changes in the middle of lists.
enum ListEditCommands {
    static let handlers: [String: CommandHandler] = [
        "LSET": lset, "LREM": lrem, "LTRIM": ltrim, "LINSERT": linsert,
    ]

    @Sendable static func lset(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        guard let entry = try tables.find(try arguments.bytes(), as: .list) else { throw CommandError.noSuchKey }
        let index = try arguments.index()
        guard let item = try ListCommands.item(at: index, of: entry, tables) else { throw CommandError.indexOutOfRange }
        try tables.setItem(at: item.position, of: entry, to: try arguments.bytes())
        try tables.resized(entry, to: entry.size)
        return .ok
    }

    /// Count 0 removes all equal items, a negative one the last ones.
    @Sendable static func lrem(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let key = try arguments.bytes()
        let count = try arguments.index()
        let value = try arguments.bytes()
        guard let entry = try tables.find(key, as: .list) else { return .integer(0) }
        let limit = count == 0 ? entry.size : Int(clamping: count.magnitude)
        let positions = try tables.positions(of: value, in: entry, from: count < 0 ? .tail : .head, limit: limit)
        for position in positions { try tables.removeItem(at: position, of: entry) }
        if !positions.isEmpty { try tables.resized(entry, to: entry.size - positions.count) }
        return .count(positions.count)
    }

    @Sendable static func ltrim(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let key = try arguments.bytes()
        let range = try IndexRange(&arguments)
        guard let entry = try tables.find(key, as: .list) else { return .ok }
        guard let kept = range.resolved(in: entry.size) else {
            try tables.remove(entry)
            return .ok
        }
        let (before, behind) = (kept.lowerBound, entry.size - kept.upperBound)
        if before > 0 { _ = try tables.pop(before, from: entry, at: .head) }
        if behind > 0 { _ = try tables.pop(behind, from: entry, at: .tail) }
        try tables.resized(entry, to: kept.count)
        return .ok
    }

    /// `LINSERT key BEFORE|AFTER pivot element`: the new length, 0 without such a key, -1 without such a pivot.
    @Sendable static func linsert(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let key = try arguments.bytes()
        let isBefore = arguments.take("BEFORE")
        guard isBefore || arguments.take("AFTER") else { throw CommandError.syntax }
        let (pivot, value) = (try arguments.bytes(), try arguments.bytes())
        guard let entry = try tables.find(key, as: .list) else { return .integer(0) }
        guard let position = try tables.positions(of: pivot, in: entry, from: .head, limit: 1).first else {
            return .integer(-1)
        }
        try tables.insertItem(value, into: entry, beside: position, before: isBefore)
        try tables.resized(entry, to: entry.size + 1)
        return .count(entry.size + 1)
    }
}
