// SPDX-License-Identifier: MIT
import JSON
import SQLiteConnection
import TransactionModel

/// A value as SQLite keeps it.
enum SQLiteValue: Equatable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])

    /// How a canonical value is stored in a column of a type. Total: a value of another type is stored as what it is.
    init(_ value: JSONValue, as type: ColumnType) {
        switch (type, value) {
        case (_, .null): self = .null
        case (.real, .number(let number)): self = number.double.map { .real($0) } ?? .text(number.text)
        case (.decimal, .number(let number)): self = .text(number.text)
        case (.json, _): self = Self.document(value.withoutLiteral)
        default: self = Self.plain(value)
        }
    }

    private static func plain(_ value: JSONValue) -> SQLiteValue {
        switch value {
        case .null: .null
        case .bool(let flag): .integer(flag ? 1 : 0)
        case .number(let number):
            number.int64.map { .integer($0) } ?? number.double.map { .real($0) } ?? .text(number.text)
        case .string(let text): .text(text)
        case .array, .object: value.bytesValue.map { .blob($0) } ?? .text(String(decoding: value.bytes, as: UTF8.self))
        }
    }

    /// A JSON document as its text. Only a number must not be text, since a JSON column would turn that into SQLite's
    /// idea of it: it is stored as that, or, where its spelling would get lost (`1.50`), as a blob, which nothing
    /// converts.
    private static func document(_ value: JSONValue) -> SQLiteValue {
        guard case .number(let number) = value else {
            return value.isNull ? .null : .text(String(decoding: value.bytes, as: UTF8.self))
        }
        if let integer = number.int64, JSONNumber(integer) == number { return .integer(integer) }
        if let double = number.double, JSONNumber(double) == number, !becomesInteger(double) { return .real(double) }
        return .blob(Array(number.text.utf8))
    }

    /// Whether a numeric column keeps this double as an integer.
    private static func becomesInteger(_ double: Double) -> Bool {
        double == double.rounded() && double.magnitude < 0x1p63
    }
}

extension SQLiteStatement {
    func bind(_ index: Int32, _ value: SQLiteValue) {
        switch value {
        case .null: bindNull(index)
        case .integer(let integer): bind(index, integer)
        case .real(let double): bind(index, double)
        case .text(let text): bind(index, text)
        case .blob(let bytes): bind(index, bytes)
        }
    }

    /// Binds a value of a payload; the frequent kinds without an owned copy.
    func bind(_ index: Int32, _ view: JSONView, as type: TransactionModel.ColumnType) {
        switch view.kind {
        case .null:
            bindNull(index)
            return
        case .string where type != .json:
            view.withStringBytes { bindText(index, utf8: $0) }
            return
        case .number where type == .integer:
            if let integer = view.int64 {
                bind(index, integer)
                return
            }
        case .bool, .number, .string, .object, .array: break
        }
        bind(index, SQLiteValue(view.value(), as: type))
    }
}
