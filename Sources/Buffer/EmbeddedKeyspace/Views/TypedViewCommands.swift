// SPDX-License-Identifier: MIT
import Keyspace
import SQLiteConnection

// Each answers nil for a command of another type. The key has been read from the arguments, and exists.

enum StringViewCommands {
    static func run(_ name: String, _ arguments: inout ArgumentReader, _ view: any StringView) throws -> Reply? {
        switch name {
        case "GET": return .optional(try view.value())
        case "STRLEN": return .count(try view.value()?.count ?? 0)
        case "GETRANGE":
            let range = try IndexRange(&arguments)
            guard let value = try view.value(), let bounds = range.resolved(in: value.count) else { return .bulk([]) }
            return .bulk(Array(value[bounds]))
        default: return nil
        }
    }
}

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
            guard bytes <= ViewLimits.bytesMax else { throw CommandError.err("the reply is too large; use a smaller range") }
            items += page
        }
        return items
    }
}

enum SetViewCommands {
    static func run(_ name: String, _ arguments: inout ArgumentReader, _ view: any SetView) throws -> Reply? {
        switch name {
        case "SCARD": return .count(try view.count())
        case "SISMEMBER": return .bool(try view.contains(try arguments.bytes()))
        case "SMISMEMBER": return .array(try arguments.rest().map { .bool(try view.contains($0)) })
        case "SMEMBERS", "SINTER", "SUNION", "SDIFF":
            try ViewLimits.check(try view.count())
            return .bulks(try view.members(offset: 0, limit: ViewLimits.membersMax))
        case "SSCAN":
            return try ViewScan.run(&arguments) { offset, limit in
                try view.members(offset: offset, limit: limit).map { ($0, [.bulk($0)]) }
            }
        case "SRANDMEMBER": throw CommandError.err("SRANDMEMBER is not offered for the keys of a site")
        default: return nil
        }
    }
}

enum HashViewCommands {
    static func run(_ name: String, _ arguments: inout ArgumentReader, _ view: any HashView) throws -> Reply? {
        switch name {
        case "HLEN": return .count(try view.count())
        case "HGET": return .optional(try view.value(of: try arguments.bytes()))
        case "HSTRLEN": return .count(try view.value(of: try arguments.bytes())?.count ?? 0)
        case "HEXISTS": return .bool(try view.value(of: try arguments.bytes()) != nil)
        case "HMGET": return .array(try arguments.rest().map { .optional(try view.value(of: $0)) })
        case "HGETALL": return .bulks(try all(view).flatMap { [$0.field, $0.value] })
        case "HKEYS": return .bulks(try all(view).map(\.field))
        case "HVALS": return .bulks(try all(view).map(\.value))
        case "HSCAN":
            return try ViewScan.run(&arguments) { offset, limit in
                try view.entries(offset: offset, limit: limit).map { ($0.field, [.bulk($0.field), .bulk($0.value)]) }
            }
        default: return nil
        }
    }

    private static func all(_ view: any HashView) throws -> [(field: [UInt8], value: [UInt8])] {
        try ViewLimits.check(try view.count())
        return try view.entries(offset: 0, limit: ViewLimits.membersMax)
    }
}

/// HSCAN, SSCAN and ZSCAN of a view: the cursor is how many members have been passed.
enum ViewScan {
    typealias Page = [(name: [UInt8], items: [Reply])]

    static func run(_ arguments: inout ArgumentReader, page: (_ offset: Int, _ limit: Int) throws -> Page) throws -> Reply {
        let cursor = try ScanOptions.cursor(&arguments)
        let options = try ScanOptions(&arguments, takesType: false)
        guard let offset = Int(exactly: cursor) else { return ScanOptions.reply(next: 0, []) }
        let limit = min(options.count, ViewLimits.membersMax)
        let page = try page(offset, limit)
        let next = page.count == limit ? Int64(offset + limit) : 0
        return ScanOptions.reply(next: next, page.filter { options.matches($0.name) }.flatMap(\.items))
    }
}
