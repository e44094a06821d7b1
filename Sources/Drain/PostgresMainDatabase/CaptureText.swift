// SPDX-License-Identifier: MIT
#if Postgres
import TransactionModel

/// Hands a value that one statement returns to a later one inside the server, so that nobody waits for a round trip:
/// through a setting that lasts as long as the transaction. Names of settings are parameters, hence equal statements
/// keep equal texts.
enum CaptureText {
    /// Wraps a statement so that it also puts columns of its row into settings, whose names are the parameters after
    /// its own. What it returns comes first, unchanged.
    static func storing(_ columns: [Int], of sql: String, returning count: Int, parameters: Int) -> String {
        let names = (0..<count).map { "c\($0)" }.joined(separator: ", ")
        // A letter before the value tells an empty one from none.
        let settings = columns.enumerated().map { index, column in
            "set_config($\(parameters + index + 1), 'v' || result.c\(column)::text, true)"
        }
        return "WITH result(\(names)) AS (\(sql)) SELECT result.*, \(settings.joined(separator: ", ")) FROM result"
    }

    /// Replaces placeholders by the values of settings: the parameter becomes the setting's name, the type is what the
    /// value is read as.
    static func loading(_ types: [Int: String], into sql: String) -> String {
        var result: [UInt8] = []
        var rest = Array(sql.utf8)[...]
        var isQuoted = false
        while let byte = rest.popFirst() {
            result.append(byte)
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            guard byte == UInt8(ascii: "$"), !isQuoted else { continue }
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            let placeholder = String(decoding: digits, as: UTF8.self)
            guard let number = Int(placeholder), let type = types[number] else { continue }
            rest = rest.dropFirst(digits.count)
            result.removeLast()
            result += "substr(nullif(current_setting($\(placeholder), true), ''), 2)::\(type)".utf8
        }
        return String(decoding: result, as: UTF8.self)
    }

    static func name(_ number: Int) -> String { "sluice.c\(number)" }

    /// What text is read as for a type; nil where its name is known to the database alone.
    static func cast(_ type: ColumnType) -> String? {
        switch type {
        case .integer: "bigint"
        case .real: "float8"
        case .number, .decimal: "numeric"
        case .text(.plain), .text(.padded): "text"
        case .blob: "bytea"
        case .json: "jsonb"
        case .boolean: "boolean"
        case .date: "date"
        case .time: "time"
        case .timestamp: "timestamptz"
        case .uuid: "uuid"
        case .text(.foreign), .enumeration, .array, .any: nil
        }
    }
}
#endif
