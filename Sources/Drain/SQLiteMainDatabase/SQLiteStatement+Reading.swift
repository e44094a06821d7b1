// SPDX-License-Identifier: MIT
import JSON
import SQLiteConnection
import TransactionModel

/// Rows as canonical values. Total, because other programs write what they like: what is not of its column's type is
/// shown as what it is.
extension SQLiteStatement {
    func value(_ index: Int32, as type: TransactionModel.ColumnType) -> JSONValue {
        switch self.type(index) {
        case .null: .null
        case .integer: Self.value(int64(index), as: type)
        case .real: Self.value(double(index), as: type)
        case .text: Self.value(text(index) ?? "", as: type)
        case .blob: Self.value(bytes(index) ?? [], as: type)
        }
    }

    /// The current row, column `i` as `types[i]`.
    func row(as types: [TransactionModel.ColumnType]) -> [JSONValue] {
        types.indices.map { value(Int32($0), as: types[$0]) }
    }

    private static func value(_ integer: Int64, as type: TransactionModel.ColumnType) -> JSONValue {
        switch type {
        case .boolean where integer == 0 || integer == 1: .bool(integer == 1)
        case .real: .double(Double(integer))
        default: .integer(integer)
        }
    }

    private static func value(_ double: Double, as type: TransactionModel.ColumnType) -> JSONValue {
        // JSON has no infinity; this is the number that SQLite's own JSON functions write for it. There is no NaN in
        // SQLite.
        guard double.isFinite else {
            return JSONNumber(text: double < 0 ? "-9.0e+999" : "9.0e+999").map { .number($0) } ?? .null
        }
        switch type {
        case .integer: return Int64(exactly: double).map { .integer($0) } ?? .double(double)
        default: return .double(double)
        }
    }

    private static func value(_ text: String, as type: TransactionModel.ColumnType) -> JSONValue {
        switch type {
        case .timestamp: return .string(Timestamp(text)?.description ?? text)
        case .time: return .string(ClockTime.canonical(text) ?? text)
        case .uuid: return .string(UUIDText.isValid(text) ? text.lowercased() : text)
        case .decimal: return JSONNumber(text: text).map { .number($0) } ?? .string(text)
        case .json: return (try? JSONValue(parsing: text))?.withLiteral ?? .string(text)
        case .array: return (try? JSONValue(parsing: text)) ?? .string(text)
        case .integer, .real, .number, .text, .blob, .boolean, .date, .enumeration, .any: return .string(text)
        }
    }

    private static func value(_ bytes: [UInt8], as type: TransactionModel.ColumnType) -> JSONValue {
        if type == .json, let document = try? JSONValue(parsing: bytes) { return document.withLiteral }
        return .bytes(bytes)
    }
}
