// SPDX-License-Identifier: MIT
import Keyspace

/// Looking for keys.
enum ScanCommands {
    static let handlers: [String: CommandHandler] = [
        "KEYS": keys, "SCAN": scan, "RANDOMKEY": { tables, _ in .optional(try tables.randomKey()) },
        "DBSIZE": { tables, _ in .count(try tables.keyCount()) },
    ]

    /// Entries that KEYS reads at a time.
    private static let pageEntriesMax = 1000

    @Sendable static func keys(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let pattern = GlobPattern(try arguments.bytes())
        var keys: [[UInt8]] = []
        var last: Int64 = 0
        while true {
            let page = try tables.entries(after: last, limit: pageEntriesMax)
            keys += page.filter { tables.isLive($0) && pattern.matches($0.key) }.map(\.key)
            guard page.count == pageEntriesMax, let end = page.last else { return .bulks(keys) }
            last = end.id
        }
    }

    /// `SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]`. The cursor is the number of the last entry seen: a
    /// key that exists all the while is returned exactly once.
    @Sendable static func scan(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let cursor = try ScanOptions.cursor(&arguments)
        let options = try ScanOptions(&arguments, takesType: true)
        guard let after = Int64(exactly: cursor) else { return ScanOptions.reply(next: 0, []) }
        let page = try tables.entries(after: after, limit: options.count)
        let found = page.filter { entry in
            tables.isLive(entry) && options.matches(entry.key) && (options.type.map { entry.type.name == $0 } ?? true)
        }
        let next = page.count == options.count ? page.last?.id ?? 0 : 0
        return ScanOptions.reply(next: next, found.map { .bulk($0.key) })
    }
}

/// The options of SCAN, HSCAN, SSCAN and ZSCAN.
///
/// The latter three answer everything at once with cursor 0, as Redis does for what it stores compactly: members have
/// no number that a cursor could name.
struct ScanOptions {
    private(set) var count = 10
    private(set) var type: String?
    private var pattern: GlobPattern?

    init(_ arguments: inout ArgumentReader, takesType: Bool) throws {
        while !arguments.isAtEnd {
            if arguments.take("MATCH") {
                pattern = GlobPattern(try arguments.bytes())
            } else if arguments.take("COUNT") {
                count = try arguments.index()
                guard count > 0 else { throw CommandError.syntax }
            } else if takesType, arguments.take("TYPE") {
                type = String(decoding: try arguments.bytes(), as: UTF8.self).lowercased()
            } else {
                throw CommandError.syntax
            }
        }
    }

    func matches(_ bytes: [UInt8]) -> Bool { pattern?.matches(bytes) ?? true }

    static func cursor(_ arguments: inout ArgumentReader) throws -> UInt64 {
        guard let cursor = UInt64(String(decoding: try arguments.bytes(), as: UTF8.self)) else {
            throw CommandError.err("invalid cursor")
        }
        return cursor
    }

    static func reply(next: Int64, _ items: [Reply]) -> Reply { .array([.bulk(next.commandBytes), .array(items)]) }

    /// HSCAN, SSCAN and ZSCAN: `items` are what `members` of the key become in the reply.
    static func members<Member>(
        of type: ValueType, _ tables: Tables, _ arguments: inout ArgumentReader,
        read: (Entry) throws -> [Member], name: (Member) -> [UInt8], items: (Member) -> [Reply]
    ) throws -> Reply {
        let key = try arguments.bytes()
        _ = try cursor(&arguments)
        // Redis looks at the key before it looks at the options.
        guard let entry = try tables.find(key, as: type) else { return reply(next: 0, []) }
        let options = try ScanOptions(&arguments, takesType: false)
        return reply(next: 0, try read(entry).filter { options.matches(name($0)) }.flatMap(items))
    }
}
