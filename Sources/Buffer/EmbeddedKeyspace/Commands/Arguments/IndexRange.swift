// SPDX-License-Identifier: MIT

/// A range as LRANGE and ZRANGE take it: both ends inclusive, negative ones counted from the end.
struct IndexRange {
    let start: Int
    let stop: Int

    init(_ arguments: inout ArgumentReader) throws {
        start = try arguments.index()
        stop = try arguments.index()
    }

    /// What it covers of `count` items; nil when that is nothing.
    func resolved(in count: Int) -> Range<Int>? {
        let first = max(0, start < 0 ? start + count : start)
        let last = min(count - 1, stop < 0 ? stop + count : stop)
        return first <= last ? first..<last + 1 : nil
    }
}
