// SPDX-License-Identifier: MIT
import TransactionModel

/// What the text of a DEFAULT clause is, as far as it can be told without running it.
enum DefaultExpression: Equatable {
    case null
    /// A single literal, which SQLite may evaluate without surprise.
    case literal(String)
    case now(Moment)
    case other

    /// What the database would write for "now".
    enum Moment: Equatable { case timestamp, date, time, seconds }

    init(_ text: String) {
        let bytes = Self.normalised(text)
        let normalised = String(decoding: bytes, as: UTF8.self)
        if normalised == "null" {
            self = .null
        } else if let moment = Self.moments[normalised] {
            self = .now(moment)
        } else {
            self = Self.isLiteral(bytes) ? .literal(normalised) : .other
        }
    }

    /// Whether what accept writes for the moment has the shape that a column of this type wants.
    static func isNow(_ moment: Moment, for type: ColumnType) -> Bool {
        switch (moment, type) {
        case (.timestamp, .timestamp), (.timestamp, .text), (.timestamp, .any), (.date, .date), (.time, .time),
            (.seconds, .integer):
            true
        default: false
        }
    }

    /// Exactly these, as ``normalised(_:)`` leaves them. (`%f` is seconds with milliseconds.)
    private static let moments: [String: Moment] = [
        "current_timestamp": .timestamp, "datetime()": .timestamp, "datetime('now')": .timestamp,
        "strftime('%Y-%m-%dT%H:%M:%fZ','now')": .timestamp, "strftime('%Y-%m-%dT%H:%M:%SZ','now')": .timestamp,
        "strftime('%Y-%m-%d %H:%M:%f','now')": .timestamp, "strftime('%Y-%m-%d %H:%M:%S','now')": .timestamp,
        "current_date": .date, "date()": .date, "date('now')": .date, "strftime('%Y-%m-%d','now')": .date,
        "current_time": .time, "time()": .time, "time('now')": .time, "strftime('%H:%M:%S','now')": .time,
        "strftime('%H:%M:%f','now')": .time,
        "unixepoch()": .seconds, "unixepoch('now')": .seconds, "strftime('%s','now')": .seconds,
    ]

    /// Without spaces and in lower case outside of quotes, without parentheses around the whole.
    private static func normalised(_ text: String) -> [UInt8] {
        var result: [UInt8] = []
        var quote: UInt8?
        for byte in text.utf8 {
            if let open = quote {
                if byte == open { quote = nil }
                result.append(byte)
            } else if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
                quote = byte
                result.append(byte)
            } else if (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) {
                result.append(byte + 32)
            } else if byte > UInt8(ascii: " ") {
                result.append(byte)
            }
        }
        while isWrapped(result) { result = Array(result.dropFirst().dropLast()) }
        return result
    }

    /// `(...)` whose first parenthesis closes at the very end. Quotes with parentheses inside only make it say no.
    private static func isWrapped(_ bytes: [UInt8]) -> Bool {
        guard bytes.first == UInt8(ascii: "("), bytes.last == UInt8(ascii: ")") else { return false }
        var depth = 0
        for (index, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "(") { depth += 1 }
            if byte == UInt8(ascii: ")") { depth -= 1 }
            if depth == 0 { return index == bytes.count - 1 }
        }
        return false
    }

    private static func isLiteral(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        if let first = rest.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            rest = rest.dropFirst()
            return isNumber(rest)
        }
        guard let first = rest.first else { return false }
        switch first {
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return isQuoted(rest, by: first)
        case UInt8(ascii: "x") where rest.dropFirst().first == UInt8(ascii: "'"):
            return isQuoted(rest.dropFirst(), by: UInt8(ascii: "'"))
        default:
            return isNumber(rest) || rest.elementsEqual("true".utf8) || rest.elementsEqual("false".utf8)
        }
    }

    /// One quoted text to the end; doubled quotes inside.
    private static func isQuoted(_ bytes: ArraySlice<UInt8>, by quote: UInt8) -> Bool {
        guard bytes.count >= 2, bytes.last == quote else { return false }
        var isOpen = false
        for byte in bytes.dropFirst().dropLast() {
            if byte == quote { isOpen.toggle() } else if isOpen { return false }
        }
        return !isOpen
    }

    /// Digits, a point, an exponent, or hexadecimal. SQLite has checked the grammar; this only rules out operators.
    private static func isNumber(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first, first == UInt8(ascii: ".") || isDigit(first) else { return false }
        var last = first
        for byte in bytes {
            let isSign = (byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")) && last == UInt8(ascii: "e")
            let isPart =
                isDigit(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "x")
                || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
            guard isSign || isPart else { return false }
            last = byte
        }
        return true
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
