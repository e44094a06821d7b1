// SPDX-License-Identifier: MIT
import Keyspace

/// Keys, whatever they hold.
enum KeyCommands {
    static let handlers: [String: CommandHandler] = [
        "DEL": del, "UNLINK": del, "EXISTS": exists, "TOUCH": exists, "TYPE": type,
        "RENAME": { tables, arguments in
            _ = try rename(tables, &arguments, replacing: true)
            return .ok
        },
        "RENAMENX": { .bool(try rename($0, &$1, replacing: false)) },
        "COPY": copy,
    ]

    @Sendable static func del(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        var count = 0
        for key in arguments.rest() {
            guard let entry = try tables.find(key) else { continue }
            try tables.remove(entry)
            count += 1
        }
        return .count(count)
    }

    /// A key that is named twice counts twice.
    @Sendable static func exists(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        .count(try arguments.rest().count { try tables.find($0) != nil })
    }

    @Sendable static func type(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        .status(try tables.find(try arguments.bytes())?.type.name ?? "none")
    }

    /// False when the new name is taken and must not be replaced.
    private static func rename(
        _ tables: Tables, _ arguments: inout ArgumentReader, replacing: Bool
    ) throws -> Bool {
        let (key, newKey) = (try arguments.bytes(), try arguments.bytes())
        guard let entry = try tables.find(key) else { throw CommandError.noSuchKey }
        guard key != newKey else { return false }
        if let taken = try tables.find(newKey) {
            guard replacing else { return false }
            try tables.remove(taken)
        }
        try tables.rename(entry, to: newKey)
        return true
    }

    /// `COPY source destination [REPLACE]`; there is one database, so no option `DB`.
    @Sendable static func copy(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let (source, destination) = (try arguments.bytes(), try arguments.bytes())
        var replaces = false
        while arguments.take("REPLACE") { replaces = true }
        try arguments.end()
        guard source != destination else { throw CommandError.err("source and destination objects are the same") }
        guard let entry = try tables.find(source) else { return .bool(false) }
        if let taken = try tables.find(destination) {
            guard replaces else { return .bool(false) }
            try tables.remove(taken)
        }
        try tables.copy(entry, to: destination)
        return .bool(true)
    }
}
