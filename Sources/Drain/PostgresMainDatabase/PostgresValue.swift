// SPDX-License-Identifier: MIT
#if Postgres
import JSON
import PostgresConnection
import TransactionModel

/// Values as PostgreSQL writes and reads them, in text form. (A session of ours writes times in UTC and ISO order,
/// bytes in hexadecimal, and doubles as the shortest text that reads back the same.)
enum PostgresValue {
    // MARK: Reading

    /// A text as the canonical value of a type. Total: what is not of its column's type is shown as what it is.
    static func read(_ text: String, as type: ColumnType) -> JSONValue {
        switch type {
        case .integer: return Int64(text).map { .integer($0) } ?? .string(text)
        case .boolean: return .bool(text == "t" || text == "true")
        case .text(let form): return .string(form == .padded ? text.withoutTrailingBlanks : text)
        case .real(.double):
            return Double(text).flatMap { $0.isFinite ? type.canonical(.double($0)) : nil } ?? .string(text)
        case .real(.single), .number:
            return JSONNumber(text: text).flatMap { type.canonical(.number($0)) } ?? .string(text)
        case .decimal: return JSONNumber(text: text).map { .number($0) } ?? .string(text)
        case .timestamp:
            // An offset of zero is written as `+00`.
            let local = text.hasSuffix("+00") ? String(text.dropLast(3)) : text
            return .string(Timestamp(local)?.description ?? text)
        case .time: return .string(ClockTime.canonical(text) ?? (text == "24:00:00" ? text + ".000000" : text))
        case .json: return (try? JSONValue(parsing: text)).flatMap { type.canonical($0.withLiteral) } ?? .string(text)
        case .blob: return bytes(ofHexadecimal: text).map { .bytes($0) } ?? .string(text)
        case .array(let element): return ArrayText.read(text, as: element) ?? .string(text)
        case .date, .uuid, .enumeration, .any: return .string(text)
        }
    }

    /// Row `row` of a result, column `i` as `types[i]`.
    static func row(_ result: PostgresResult, _ row: Int, as types: [ColumnType]) -> [JSONValue] {
        types.indices.map { column in result.text(row, column).map { read($0, as: types[column]) } ?? .null }
    }

    static func bytes(ofHexadecimal text: String) -> [UInt8]? {
        let digits = text.utf8.dropFirst(2)
        guard text.hasPrefix("\\x"), digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2)
        var high: UInt8?
        for character in digits {
            guard let digit = hexadecimalDigit(character) else { return nil }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return bytes
    }

    private static func hexadecimalDigit(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    // MARK: Writing

    /// A canonical value as text; nil for NULL.
    static func text(_ value: JSONValue, as type: ColumnType) -> String? {
        switch (type, value) {
        case (_, .null): nil
        case (.json, _): String(decoding: value.withoutLiteral.bytes, as: UTF8.self)
        case (.array(let element), .array(let list)): ArrayText.write(list.map { text($0, as: element) })
        case (_, .bool(let flag)): flag ? "true" : "false"
        case (_, .number(let number)): number.text
        case (_, .string(let text)): text
        case (_, .array), (_, .object):
            value.bytesValue.map(hexadecimal) ?? String(decoding: value.bytes, as: UTF8.self)
        }
    }

    static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return "\\x"
            + String(unsafeUninitializedCapacity: bytes.count * 2) { buffer in
                for (index, byte) in bytes.enumerated() {
                    buffer[2 * index] = digits[Int(byte >> 4)]
                    buffer[2 * index + 1] = digits[Int(byte & 15)]
                }
                return bytes.count * 2
            }
    }
}

extension PostgresParameters {
    mutating func append(_ value: JSONValue, as type: ColumnType) {
        if type == .blob, let bytes = value.bytesValue {
            append(binary: bytes)
        } else if let text = PostgresValue.text(value, as: type) {
            append(text)
        } else {
            appendNull()
        }
    }

    /// A value of a payload; the frequent kinds without an owned copy.
    mutating func append(_ view: JSONView, as type: ColumnType) {
        if case .json = type {
            append(view.value(), as: type)
            return
        }
        switch view.kind {
        case .string: view.withStringBytes { append(utf8: $0) }
        case .null, .bool, .number, .object, .array: append(view.value(), as: type)
        }
    }
}
#endif
