// SPDX-License-Identifier: MIT
import Keyspace
import SQLiteConnection

/// Reading commands on a view that is a hash; nil for a command of another type.
///
/// The key has been read from the arguments, and exists.
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
