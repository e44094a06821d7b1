// SPDX-License-Identifier: MIT

/// What a column holds, as far as values must be checked, stored, compared and read back the same.
public indirect enum ColumnType: Sendable, Hashable {
    /// int64
    case integer
    /// IEEE 754 double
    case real
    /// SQLite's NUMERIC affinity: an integer where the value is integral, else a double
    case number
    /// exact decimal that keeps its text
    case decimal
    case text
    case blob
    /// any JSON value
    case json
    case boolean
    /// `YYYY-MM-DD`
    case date
    /// `HH:MM:SS.ffffff`
    case time
    /// RFC 3339 in UTC with microseconds
    case timestamp
    /// lower-case 8-4-4-4-12
    case uuid
    /// one of these labels, which order as they stand
    case enumeration([String])
    case array(of: ColumnType)
    /// a column without type: what a scalar is, it stays
    case any

    /// The form in a cached schema.
    public var text: String {
        switch self {
        case .integer: "integer"
        case .real: "real"
        case .number: "number"
        case .decimal: "decimal"
        case .text: "text"
        case .blob: "blob"
        case .json: "json"
        case .boolean: "boolean"
        case .date: "date"
        case .time: "time"
        case .timestamp: "timestamp"
        case .uuid: "uuid"
        case .enumeration(let labels):
            "enum:" + labels.map { RecordKey.encoded($0, composite: true) }.joined(separator: ",")
        case .array(let element): "array:" + element.text
        case .any: "any"
        }
    }

    public init?(text: String) {
        switch text {
        case "integer": self = .integer
        case "real": self = .real
        case "number": self = .number
        case "decimal": self = .decimal
        case "text": self = .text
        case "blob": self = .blob
        case "json": self = .json
        case "boolean": self = .boolean
        case "date": self = .date
        case "time": self = .time
        case "timestamp": self = .timestamp
        case "uuid": self = .uuid
        case "any": self = .any
        default:
            if text.hasPrefix("array:"), let element = ColumnType(text: String(text.dropFirst(6))) {
                self = .array(of: element)
            } else if text.hasPrefix("enum:") {
                let labels = text.dropFirst(5).split(separator: ",", omittingEmptySubsequences: false)
                self = .enumeration(labels.map { percentDecoded($0) })
            } else {
                return nil
            }
        }
    }

    /// What a value of this type looks like on the wire; for messages.
    public var expectation: String {
        switch self {
        case .integer: "an integer of 64 bits"
        case .real, .number, .decimal: "a number"
        case .text: "a string"
        case .blob: "{\"$bytes\": \"<base64>\"}"
        case .json: "any JSON value"
        case .boolean: "true or false"
        case .date: "a date as YYYY-MM-DD"
        case .time: "a time as HH:MM:SS"
        case .timestamp: "a time as in RFC 3339"
        case .uuid: "a UUID"
        case .enumeration: "one of the labels of its type"
        case .array: "an array"
        case .any: "a scalar"
        }
    }
}

private func percentDecoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "%"), let high = rest.popFirst().flatMap(UUIDText.hexDigit),
            let low = rest.popFirst().flatMap(UUIDText.hexDigit)
        {
            bytes.append(UInt8(high << 4 | low))
        } else {
            bytes.append(byte)
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}
