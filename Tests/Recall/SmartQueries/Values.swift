// SPDX-License-Identifier: MIT
import JSON
import SeededRandom
import TransactionModel

/// Few different values of each type, so that they meet in conditions and orders, with the nasty ones among them.
enum Values {
    static func random(_ type: ColumnType, using random: inout SeededGenerator) -> JSONValue {
        random.pick(samples(type))
    }

    private static func samples(_ type: ColumnType) -> [JSONValue] {
        switch type {
        case .integer: [-3, 0, 1, 2, 5, 40, 1_000_000_007]
        case .real, .decimal: [0, 1, -1, 0.5, 2.5, 0.1, 1e300, -7, 3, number("-0.0"), number("1E2"), 1e-7]
        case .number: [0, 1, -1, 0.5, 10, 9, 2.5, 1e300, number("1.0"), number("-0"), 9_007_199_254_740_993, 1e16]
        case .text: ["", "a", "B", "b", "é", "e\u{301}", "😀", "10", "9", "a b", "it's", "%_", "z\u{0}y"]
        case .blob: [.bytes([]), .bytes([0]), .bytes([255, 1]), .bytes([65])]
        case .boolean: [true, false]
        case .date: ["2026-01-02", "2024-02-29", "1969-12-31"]
        case .time: ["07:08", "23:59:59.999999", "12:30:00.5"]
        case .timestamp:
            ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05+02:00", "2026-01-02 03:04:05.25", "1969-12-31T23:59:59Z"]
        case .uuid: ["AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE", "00000000-0000-0000-0000-000000000000"]
        case .json:
            [
                10, 9, -1, 2.5, true, "text", "10", [1, "2"], ["a": 1], ["b": ["c": null]], [:], [],
                ["$literal": ["$x": 1]], number("1.50"),
            ]
        case .any: [1, 10, 9, 2.5, number("3.0"), "a", "10", "9", true, .bytes([65]), .bytes([]), -0.5]
        case .enumeration, .array: [null]
        }
    }

    private static func number(_ text: String) -> JSONValue {
        guard let number = JSONNumber(text: text) else { preconditionFailure("no number: \(text)") }
        return .number(number)
    }
}
