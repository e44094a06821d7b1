// SPDX-License-Identifier: MIT
import SQLiteConnection

/// The two ends of a list.
enum ListEnd {
    /// `LEFT`
    case head
    /// `RIGHT`
    case tail
}

/// An item of a list and where it is stored.
struct ListItem {
    let position: Int64
    let value: [UInt8]
}

// Lists: a row per item, ordered by position. Neighbours are `gap` apart, so that both ends can grow and an insertion
// finds room; the positions of a queue that runs day and night last for 2^47 pushes.
extension Tables {
    static let gap: Int64 = 1 << 16

    func push(_ values: some Sequence<[UInt8]>, to entry: Entry, at end: ListEnd) throws(SQLiteError) -> Int {
        var position = try outermost(of: entry, at: end)
        var count = 0
        for value in values {
            switch (end, position) {
            case (_, nil): position = 0
            case (.head, .some(let head)): position = head - Self.gap
            case (.tail, .some(let tail)): position = tail + Self.gap
            }
            try insertItem(value, into: entry, at: position ?? 0)
            count += 1
        }
        return count
    }

    private func outermost(of entry: Entry, at end: ListEnd) throws(SQLiteError) -> Int64? {
        switch end {
        case .head:
            try first(
                "SELECT position FROM list_item WHERE entry_id = ?1 ORDER BY position LIMIT 1", entry.id
            ) { $0.int64(0) }
        case .tail:
            try first(
                "SELECT position FROM list_item WHERE entry_id = ?1 ORDER BY position DESC LIMIT 1", entry.id
            ) { $0.int64(0) }
        }
    }

    /// Removes up to `count` items from an end and returns them in the order they were taken. Does not resize.
    func pop(_ count: Int, from entry: Entry, at end: ListEnd) throws(SQLiteError) -> [[UInt8]] {
        let items = try self.items(of: entry, from: end, offset: 0, limit: count)
        guard let last = items.last else { return [] }
        switch end {
        case .head: try run("DELETE FROM list_item WHERE entry_id = ?1 AND position <= ?2", entry.id, last.position)
        case .tail: try run("DELETE FROM list_item WHERE entry_id = ?1 AND position >= ?2", entry.id, last.position)
        }
        return items.map(\.value)
    }

    /// Items counted from an end, in that direction.
    func items(of entry: Entry, from end: ListEnd, offset: Int, limit: Int) throws(SQLiteError) -> [ListItem] {
        let row = { (row: SQLiteStatement) in ListItem(position: row.int64(0), value: row.blob(1)) }
        switch end {
        case .head:
            return try all(
                "SELECT position, value FROM list_item WHERE entry_id = ?1 ORDER BY position LIMIT ?3 OFFSET ?2",
                entry.id, offset, limit, row: row)
        case .tail:
            return try all(
                "SELECT position, value FROM list_item WHERE entry_id = ?1 ORDER BY position DESC LIMIT ?3 OFFSET ?2",
                entry.id, offset, limit, row: row)
        }
    }

    /// The items of a range of indices, read from the nearer end.
    func items(of entry: Entry, in range: Range<Int>) throws(SQLiteError) -> [ListItem] {
        let behind = entry.size - range.upperBound
        if range.lowerBound <= behind {
            return try items(of: entry, from: .head, offset: range.lowerBound, limit: range.count)
        }
        return try items(of: entry, from: .tail, offset: behind, limit: range.count).reversed()
    }

    /// Where the first `limit` items equal to a value are stored, counted from an end.
    func positions(of value: [UInt8], in entry: Entry, from end: ListEnd, limit: Int) throws(SQLiteError) -> [Int64] {
        switch end {
        case .head:
            try all(
                "SELECT position FROM list_item WHERE entry_id = ?1 AND value = ?2 ORDER BY position LIMIT ?3",
                entry.id,
                value, limit
            ) { $0.int64(0) }
        case .tail:
            try all(
                "SELECT position FROM list_item WHERE entry_id = ?1 AND value = ?2 ORDER BY position DESC LIMIT ?3",
                entry.id, value, limit
            ) { $0.int64(0) }
        }
    }

    func setItem(at position: Int64, of entry: Entry, to value: [UInt8]) throws(SQLiteError) {
        try run("UPDATE list_item SET value = ?3 WHERE entry_id = ?1 AND position = ?2", entry.id, position, value)
    }

    func removeItem(at position: Int64, of entry: Entry) throws(SQLiteError) {
        try run("DELETE FROM list_item WHERE entry_id = ?1 AND position = ?2", entry.id, position)
    }

    func insertItem(_ value: [UInt8], into entry: Entry, at position: Int64) throws(SQLiteError) {
        try run("INSERT INTO list_item(entry_id, position, value) VALUES (?1, ?2, ?3)", entry.id, position, value)
    }
}

// MARK: Insertion between two items

extension Tables {
    /// Puts a value before or after the item at `pivot`. Does not resize.
    func insertItem(_ value: [UInt8], into entry: Entry, beside pivot: Int64, before: Bool) throws(SQLiteError) {
        guard let position = try room(beside: pivot, of: entry, before: before) else {
            // The gap is used up, after 16 insertions at one place: all items get new positions.
            let rank = try first(
                "SELECT count(*) FROM list_item WHERE entry_id = ?1 AND position < ?2", entry.id, pivot
            ) { $0.int64(0) }
            try respace(entry)
            return try insertItem(value, into: entry, beside: (rank ?? 0) * Self.gap, before: before)
        }
        try insertItem(value, into: entry, at: position)
    }

    private func room(beside pivot: Int64, of entry: Entry, before: Bool) throws(SQLiteError) -> Int64? {
        let neighbour =
            before
            ? try first("SELECT max(position) FROM list_item WHERE entry_id = ?1 AND position < ?2", entry.id, pivot) {
                $0.isNull(0) ? pivot - 2 * Self.gap : $0.int64(0)
            }
            : try first("SELECT min(position) FROM list_item WHERE entry_id = ?1 AND position > ?2", entry.id, pivot) {
                $0.isNull(0) ? pivot + 2 * Self.gap : $0.int64(0)
            }
        guard let neighbour else { return nil }
        let middle = pivot + (neighbour - pivot) / 2
        return middle == pivot || middle == neighbour ? nil : middle
    }

    private func respace(_ entry: Entry) throws(SQLiteError) {
        let values = try items(of: entry, from: .head, offset: 0, limit: entry.size).map(\.value)
        try run("DELETE FROM list_item WHERE entry_id = ?1", entry.id)
        _ = try push(values, to: entry, at: .tail)
    }
}
