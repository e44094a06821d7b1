// SPDX-License-Identifier: MIT
import Keyspace
import SQLiteConnection
import Testing
import TransactionModel

@testable import EmbeddedKeyspace

/// A command engine on an empty database, a clock that stands still, and what was touched.
final class Bench {
    let connection: SQLiteConnection
    let engine: CommandEngine
    /// 2001-09-09T01:46:40Z
    var now = Timestamp(microseconds: 1_000_000_000_000_000)
    var touched: [String] = []

    init() throws {
        connection = try SQLiteConnection(path: ":memory:", mode: .create)
        try connection.execute(CommandEngine.schema)
        engine = CommandEngine(connection: connection)
        engine.onTouch = { [unowned self] key in touched.append(String(decoding: key, as: UTF8.self)) }
        engine.onExpire = engine.onTouch
    }

    /// Runs a command written as one line; `""` is an empty argument, `\s` a space inside one.
    func run(_ line: String) throws -> Reply { try engine.run(Command(line: line), now: now) }

    /// Runs lines of `command -> reply` and compares each reply in its written form.
    func check(_ script: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        for line in script.split(separator: "\n") where !line.trimmed.isEmpty {
            let parts = line.split(separator: "->", maxSplits: 1)
            let (command, expected) = (parts[0].trimmed, parts[1].trimmed)
            let reply = try run(command).text
            #expect(reply == expected, "\(command)", sourceLocation: sourceLocation)
        }
    }
}

extension Command {
    init(line: String) {
        self.init(
            line.split(separator: " ").map { word in
                word == "\"\"" ? [] : Array(word.replacing("\\s", with: " ").utf8)
            })
    }
}

extension Substring {
    var trimmed: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}

extension Reply {
    /// As redis-cli would write it on one line: `(nil)`, `(int) 1`, `"bulk"`, `[...]`, `OK`, `ERR ...`.
    var text: String {
        switch self {
        case .null: "(nil)"
        case .status(let status): status
        case .integer(let value): String(value)
        case .bulk(let bytes): "\"" + String(decoding: bytes, as: UTF8.self) + "\""
        case .array(let items): "[" + items.map(\.text).joined(separator: " ") + "]"
        case .error(let error): error.description
        case .accept, .claim, .advance, .release, .overlay, .lease, .adopt: "a procedure's reply"
        }
    }
}

/// A small generator whose whole state is its seed.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
