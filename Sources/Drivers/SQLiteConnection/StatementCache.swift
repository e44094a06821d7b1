// SPDX-License-Identifier: MIT
import Glibc

/// The prepared statements of a connection by their text, the most recently used `statementsMax` of them.
struct StatementCache {
    private struct Entry {
        let statement: SQLiteStatement
        var lastUse: UInt64
    }

    private let statementsMax: Int
    private var entries: [SQLText: Entry] = [:]
    private var uses: UInt64 = 0

    init(statementsMax: Int) { self.statementsMax = statementsMax }

    var count: Int { entries.count }

    subscript(sql: String) -> SQLiteStatement? {
        mutating get {
            guard let index = entries.index(forKey: SQLText(sql)) else { return nil }
            uses += 1
            entries.values[index].lastUse = uses
            return entries.values[index].statement
        }
        set {
            uses += 1
            entries[SQLText(sql)] = newValue.map { Entry(statement: $0, lastUse: uses) }
            if entries.count > statementsMax { removeOldest() }
        }
    }

    /// Finalises all of them, also those that somebody still holds.
    mutating func removeAll() {
        for entry in entries.values { entry.statement.finalize() }
        entries.removeAll()
    }

    /// A scan, because it happens only beside a prepare, which costs more. Its holder may finish using it.
    private mutating func removeOldest() {
        guard let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return }
        entries.removeValue(forKey: oldest.key)
    }
}

/// A statement's text compared by its bytes: two names that differ only by Unicode normalisation are two names to
/// SQLite.
private struct SQLText: Hashable {
    private var text: String

    init(_ text: String) {
        self.text = text
        self.text.makeContiguousUTF8()
    }

    /// At once, not byte after byte: each use of a statement asks.
    static func == (a: Self, b: Self) -> Bool {
        let areEqual = a.text.utf8.withContiguousStorageIfAvailable { a in
            b.text.utf8.withContiguousStorageIfAvailable { b in
                guard a.count == b.count else { return false }
                guard let x = a.baseAddress, let y = b.baseAddress else { return true }
                return memcmp(x, y, a.count) == 0
            } ?? false
        }
        return areEqual ?? false
    }

    func hash(into hasher: inout Hasher) {
        let bytes: Void? = text.utf8.withContiguousStorageIfAvailable { hasher.combine(bytes: .init($0)) }
        precondition(bytes != nil, "The text was made contiguous.")
    }
}
