// SPDX-License-Identifier: MIT

/// What a column holds, as far as values must be checked, stored, compared and read back the same.
///
/// A case without its parameters (`.integer`, `.timestamp`) is the widest one of its kind.
public enum ColumnType: Sendable, Hashable {
    /// 16, 32 or 64 bits
    case integer(bits: Int)
    /// IEEE 754
    case real(Precision)
    /// SQLite's NUMERIC affinity: an integer where the value is integral, else a double
    case number
    /// exact decimal: rounded to a scale where the column has one, else with the digits that were written
    case decimal(precision: Int?, scale: Int?)
    case text(TextForm)
    case blob
    /// any JSON value
    case json(DocumentForm)
    case boolean
    /// `YYYY-MM-DD`
    case date
    /// `HH:MM:SS.ffffff`, rounded to so many digits
    case time(digits: Int)
    /// RFC 3339 in UTC with microseconds, rounded to so many digits
    case timestamp(digits: Int)
    /// lower-case 8-4-4-4-12
    case uuid
    /// one of these labels, which order as they stand
    case enumeration([String])
    indirect case array(of: ColumnType)
    /// a column without type: what a scalar is, it stays
    case any

    public enum Precision: String, Sendable, Hashable { case single, double }

    public enum TextForm: String, Sendable, Hashable {
        case plain
        /// Filled up with blanks that mean nothing: `character(n)`.
        case padded
        /// The text of a type that only the database understands, or of a collation to which different texts are
        /// equal: it may come back spelled differently, and only the database can compare it.
        case foreign
    }

    public enum DocumentForm: String, Sendable, Hashable {
        /// As it was written.
        case text
        /// As PostgreSQL's jsonb: numbers are decimals, members are in its order.
        case binary
    }

    public static let integer = ColumnType.integer(bits: 64)
    public static let real = ColumnType.real(.double)
    public static let decimal = ColumnType.decimal(precision: nil, scale: nil)
    public static let text = ColumnType.text(.plain)
    public static let json = ColumnType.json(.text)
    public static let time = ColumnType.time(digits: 6)
    public static let timestamp = ColumnType.timestamp(digits: 6)

    /// Whether `eq`, `ne` and `in` mean the same here and in the database.
    public var isEquatable: Bool {
        if case .array(let element) = self { return element.isEquatable }
        return self != .text(.foreign)
    }

    /// Whether order means the same here and in the database.
    public var isOrdered: Bool {
        if case .array(let element) = self { return element.isOrdered }
        return isEquatable && self != .json(.binary)
    }

    /// What a value of this type looks like on the wire; for messages.
    public var expectation: String {
        switch self {
        case .integer(let bits): "an integer of \(bits) bits"
        case .decimal(let precision?, let scale?): "a number of at most \(precision - scale) digits before the point"
        case .real, .number, .decimal: "a number"
        case .text: "a string"
        case .blob: "{\"$bytes\": \"<base64>\"}"
        case .json: "any JSON value; one whose names begin with $ as {\"$literal\": ...}"
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
