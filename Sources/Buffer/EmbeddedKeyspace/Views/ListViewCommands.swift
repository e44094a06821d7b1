// SPDX-License-Identifier: MIT
import Keyspace
import SQLiteConnection

/// Reading commands on a view that is a list; nil for a command of another type.
///
/// The key has been read from the arguments, and exists.
enum ListViewCommands {
    static func run(_ name: String, _ arguments: inout ArgumentReader, _ view: any ListView) throws -> Reply? {
        switch name {
        case "LLEN": return .count(try view.count())
        case "LINDEX":
            let index = try arguments.index()
            let offset = index < 0 ? index + (try view.count()) : index
            return offset < 0 ? .null : .optional(try view.items(offset: offset, limit: 1).first)
        case "LRANGE":
            guard let range = try IndexRange(&arguments).resolved(in: try view.count()) else { return .emptyArray }
            try ViewLimits.check(range.count)
            return .bulks(try items(view, range))
        case "LPOS": throw CommandError.err("LPOS is not offered for the keys of a site")
        default: return nil
        }
    }

    /// A page at a time, because items may be large: the reply is given up before it fills the memory.
    private static func items(_ view: any ListView, _ range: Range<Int>) throws -> [[UInt8]] {
        var items: [[UInt8]] = []
        var bytes = 0
        for start in stride(from: range.lowerBound, to: range.upperBound, by: ViewLimits.pageItems) {
            let page = try view.items(offset: start, limit: min(ViewLimits.pageItems, range.upperBound - start))
            bytes += page.reduce(0) { $0 + $1.count }
            guard bytes <= ViewLimits.bytesMax else {
                throw CommandError.err("the reply is too large; use a smaller range")
            }
            items += page
        }
        return items
    }
}
