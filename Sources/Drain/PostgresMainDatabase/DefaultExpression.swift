// SPDX-License-Identifier: MIT
#if Postgres
import TransactionModel

/// What a DEFAULT is, as far as its text tells; the text is the server's own, hence of few forms.
enum DefaultExpression: Equatable {
    case null
    /// One literal, perhaps with a type behind it: safe to be evaluated at any time.
    case literal
    case now(Moment)
    case other

    enum Moment: Equatable { case timestamp, date, time }

    init(_ text: String) {
        let text = Self.unwrapped(text)
        if let moment = Self.moment(text) {
            self = .now(moment)
        } else if text == "NULL" || text.hasPrefix("NULL::") {
            self = .null
        } else {
            self = Self.isLiteral(Array(text.utf8)) ? .literal : .other
        }
    }

    /// Whether the moment that accept writes is what a column of this type gets from the database. (Sessions of ours
    /// are in UTC, so local times are UTC.)
    static func isNow(_ moment: Moment, for type: ColumnType) -> Bool {
        switch (moment, type) {
        case (.timestamp, .timestamp), (.timestamp, .date), (.timestamp, .time), (.date, .date), (.time, .time): true
        default: false
        }
    }

    private static func moment(_ text: String) -> Moment? {
        // `CURRENT_TIMESTAMP(3)` rounds a little earlier than its column would.
        let name = text.prefix { $0 != "(" }
        let isPlain = text == name || text.dropFirst(name.count).utf8.count == 3
        switch name {
        case "CURRENT_TIMESTAMP" where isPlain, "LOCALTIMESTAMP" where isPlain: return .timestamp
        case "CURRENT_TIME" where isPlain, "LOCALTIME" where isPlain: return .time
        case "CURRENT_DATE": return .date
        default: return moments[text]
        }
    }

    private static let moments: [String: Moment] = {
        var result: [String: Moment] = [
            "now()": .timestamp, "transaction_timestamp()": .timestamp, "statement_timestamp()": .timestamp,
            "clock_timestamp()": .timestamp, "(now())::date": .date, "('now'::text)::date": .date,
            "(CURRENT_TIMESTAMP)::date": .date, "(now())::time without time zone": .time,
        ]
        for zone in ["utc", "UTC"] {
            for now in ["now()", "CURRENT_TIMESTAMP"] {
                result["timezone('\(zone)'::text, \(now))"] = .timestamp
                result["\(now) AT TIME ZONE '\(zone)'::text"] = .timestamp
            }
        }
        return result
    }()

    /// Without parentheses around the whole.
    private static func unwrapped(_ text: String) -> String {
        var text = text
        while text.hasPrefix("("), text.hasSuffix(")") {
            var depth = 0
            for (index, byte) in text.utf8.enumerated() {
                if byte == UInt8(ascii: "(") { depth += 1 }
                if byte == UInt8(ascii: ")") { depth -= 1 }
                if depth == 0, index < text.utf8.count - 1 { return text }
            }
            text = String(text.dropFirst().dropLast())
        }
        return text
    }

    private static func isLiteral(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        if rest.starts(with: "ARRAY[]::".utf8) { return isType(rest.dropFirst(9)) }
        if rest.first == UInt8(ascii: "'") {
            rest = rest.dropFirst()
            while let byte = rest.popFirst() {
                guard byte == UInt8(ascii: "'") else { continue }
                guard rest.first == UInt8(ascii: "'") else { break }
                rest = rest.dropFirst()
            }
        } else if rest.starts(with: "true".utf8) || rest.starts(with: "false".utf8) {
            rest = rest.dropFirst(rest.first == UInt8(ascii: "t") ? 4 : 5)
        } else {
            if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
            let number = rest.prefix { isDigit($0) || $0 == UInt8(ascii: ".") }
            guard number.contains(where: isDigit) else { return false }
            rest = rest.dropFirst(number.count)
        }
        return rest.isEmpty || rest.starts(with: "::".utf8) && isType(rest.dropFirst(2))
    }

    /// A type's name with its modifier: letters, digits, quotes, `(10,2)`, `[]`.
    private static func isType(_ bytes: ArraySlice<UInt8>) -> Bool {
        !bytes.isEmpty
            && bytes.allSatisfy { byte in
                isDigit(byte) || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")) || byte >= 0x80
                    || "_ .\"(),[]".utf8.contains(byte)
            }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
#endif
