// SPDX-License-Identifier: MIT
import Keyspace
import SQLiteConnection

/// Reading commands on a view that is a set; nil for a command of another type.
///
/// The key has been read from the arguments, and exists.
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
