// SPDX-License-Identifier: MIT
import Keyspace
import SQLiteConnection

/// Reading commands on a view that is a string; nil for a command of another type.
///
/// The key has been read from the arguments, and exists.
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
