// SPDX-License-Identifier: MIT
import TransactionModel

/// What SQLite does with values on their way into a column (<https://sqlite.org/datatype3.html>, section 3.1).
enum Affinity: String {
    case integer = "INTEGER"
    case text = "TEXT"
    case blob = "BLOB"
    case real = "REAL"
    case numeric = "NUMERIC"

    init(declared type: String) {
        let type = type.asciiUppercased
        if type.contains("INT") {
            self = .integer
        } else if type.contains("CHAR") || type.contains("CLOB") || type.contains("TEXT") {
            self = .text
        } else if type.contains("BLOB") || type.isEmpty {
            self = .blob
        } else if type.contains("REAL") || type.contains("FLOA") || type.contains("DOUB") {
            self = .real
        } else {
            self = .numeric
        }
    }
}

extension ColumnType {
    /// The type of a column by its declaration. The affinity decides what can be promised to read back as it was
    /// written; a word for a richer type counts only where the affinity leaves its text alone.
    static func declared(_ type: String, strict: Bool) -> ColumnType {
        let affinity = Affinity(declared: type)
        switch affinity {
        case .integer: return .integer
        case .text: return .text
        case .real: return .real
        case .blob: return type.isEmpty ? .any : .blob
        case .numeric: return strict ? .any : numeric(type.asciiUppercased)
        }
    }

    /// In a numeric column a text that looks like a number becomes one; dates, times and UUIDs never do.
    private static func numeric(_ type: String) -> ColumnType {
        let word = type.prefix { $0 != "(" && $0 != " " }
        switch word {
        case "BOOL", "BOOLEAN": return .boolean
        case "DATE": return .date
        case "TIME": return .time
        case "UUID": return .uuid
        case "JSON", "JSONB": return .json
        default:
            return word == "DATETIME" || word.hasPrefix("TIMESTAMP") ? .timestamp : .number
        }
    }
}

extension String {
    /// Upper case of `a` to `z` only, as SQLite folds names.
    var asciiUppercased: String {
        String(
            decoding: utf8.map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) ? $0 - 32 : $0 }, as: UTF8.self)
    }
}
