// SPDX-License-Identifier: MIT

/// Columns of a table by index. Allocates only for a table with more than 64.
struct ColumnSet {
    private var first: UInt64 = 0
    private var others: Set<Int> = []

    mutating func insert(_ index: Int) {
        if index < 64 { first |= 1 << UInt64(index) } else { others.insert(index) }
    }

    func contains(_ index: Int) -> Bool {
        index < 64 ? first & 1 << UInt64(index) != 0 : others.contains(index)
    }
}
