// SPDX-License-Identifier: MIT
import JSON
import SeededRandom
import TransactionModel

/// Values of all kinds, most of them nasty.
enum Samples {
    static let edges: [JSONValue] =
        [
            .null, true, false, 0, 1, -1, 0.5, "", " ", "5", " 1.50 ", "1e5", "0x10", "NULL", "\0", "a\0b", "é",
            "e\u{301}",
            "😀", "'", "\"", "2026-01-02", "2024-02-29", "23:59:59.999999", "07:08", "2026-01-02T03:04:05+02:00",
            "2026-01-02 03:04:05", "0000-01-01T00:00:00+01:00", "9999-12-31T23:59:59-23:59",
            "AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE", "00000000-0000-0000-0000-000000000000", ["$bytes": ""],
            ["$bytes": "AP8="], [], [1, "2", [.null]], [:], ["a": ["b": 1.5]], ["$literal": ["$bytes": "AA=="]],
            ["$literal": ["$literal": 1]], .integer(.max), .integer(.min),
        ]
        + [
            "1.0", "1.50", "-0", "-0.0", "1e400", "1E2", "9007199254740993", "9223372036854775808", "0.1", "5e-324",
            "1.7976931348623157e308", "123456789012345678901234567890", "1e15", "1e16", "100000000000000000.5",
        ].map { .number(number($0)) }

    static func random(_ type: ColumnType, using generator: inout SeededGenerator) -> JSONValue {
        switch type {
        case .integer: .integer(integer(using: &generator))
        case .real, .number, .decimal: randomNumber(using: &generator)
        case .text, .enumeration: .string(text(using: &generator))
        case .blob:
            .bytes(
                (0..<Int.random(in: 0..<20, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator)
                })
        case .boolean: .bool(Bool.random(using: &generator))
        case .date: .string(moment(using: &generator).dateText)
        case .time: .string(moment(using: &generator).timeText)
        case .timestamp: .string(moment(using: &generator).description)
        case .uuid: .string(UUIDText.version7(at: moment(using: &generator), using: &generator))
        case .json, .array: document(depth: 3, using: &generator)
        case .any:
            [
                .integer(integer(using: &generator)), randomNumber(using: &generator), .string(text(using: &generator)),
                true,
                .bytes([UInt8.random(in: 0...255, using: &generator)]),
            ].randomElement(using: &generator) ?? .null
        }
    }

    private static func integer(using generator: inout SeededGenerator) -> Int64 {
        Int64(truncatingIfNeeded: generator.next()) >> Int64.random(in: 0..<64, using: &generator)
    }

    private static func randomNumber(using generator: inout SeededGenerator) -> JSONValue {
        let bits = Double(bitPattern: generator.next())
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: return .integer(integer(using: &generator))
        case 1: return .double(Double(integer(using: &generator)) / 8)
        case 2: return .double(Double(Int.random(in: -9999...9999, using: &generator)) / 100)
        default: return .double(bits.isFinite ? bits : 0.25)
        }
    }

    private static func text(using generator: inout SeededGenerator) -> String {
        let alphabet = Array("ab 01.5e-+'\"\\%_é😀\u{301}\0\n{}")
        return String(
            (0..<Int.random(in: 0..<12, using: &generator)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
            })
    }

    private static func moment(using generator: inout SeededGenerator) -> Timestamp {
        Timestamp(microseconds: Int64.random(in: -62_135_596_800_000_000...253_402_300_799_999_999, using: &generator))
    }

    private static func document(depth: Int, using generator: inout SeededGenerator) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 6 : 4), using: &generator) {
        case 0: return randomNumber(using: &generator)
        case 1: return .string(text(using: &generator))
        case 2: return .bool(Bool.random(using: &generator))
        case 3: return .null
        case 4: return .array((0..<3).map { _ in document(depth: depth - 1, using: &generator) })
        default:
            var object = JSONObject()
            for index in 0..<3 {
                object.append("\(index)" + text(using: &generator), document(depth: depth - 1, using: &generator))
            }
            return .object(object)
        }
    }
}
