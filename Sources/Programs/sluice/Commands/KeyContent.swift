// SPDX-License-Identifier: MIT
import JSON

/// How a key of a type is read, and shown to people.
enum KeyContent {
    /// Nil for a type that holds nothing to show.
    static func command(type: String, key: String, limit: Int) -> [JSONValue]? {
        let key = JSONValue.string(key)
        let last = JSONValue.integer(Int64(limit) - 1)
        switch type {
        case "string": return ["GET", key]
        case "list": return ["LRANGE", key, 0, last]
        case "hash": return ["HGETALL", key]
        case "set": return ["SMEMBERS", key]
        case "zset": return ["ZRANGE", key, 0, last, "WITHSCORES"]
        default: return nil
        }
    }

    /// How long it is; nil for a type that is shown whole.
    static func length(type: String, key: String) -> [JSONValue]? {
        switch type {
        case "list": ["LLEN", .string(key)]
        case "zset": ["ZCARD", .string(key)]
        default: nil
        }
    }

    static func table(type: String, _ reply: JSONValue) -> Table {
        let elements = reply.array ?? []
        switch type {
        case "hash": return Table(["field", "value"], pairs(elements))
        case "zset": return Table(["member", "score"], pairs(elements))
        case "list":
            return Table(["index", "element"], elements.enumerated().map { [.integer(Int64($0.offset)), $0.element] })
        default: return Table(["member"], elements.map { [$0] })
        }
    }

    private static func pairs(_ elements: [JSONValue]) -> [[JSONValue?]] {
        stride(from: 0, to: elements.count - 1, by: 2).map { [elements[$0], elements[$0 + 1]] }
    }
}
