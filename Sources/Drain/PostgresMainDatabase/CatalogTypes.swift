// SPDX-License-Identifier: MIT
#if Postgres
import JSON
import TransactionModel

/// The types of the catalog, and what they are in our words.
struct CatalogTypes {
    private struct Entry {
        var name: String
        var isBuiltIn: Bool
        /// `b` base, `d` domain, `e` enum...
        var kind: String
        var base: Int64
        var modifier: Int64
        var isNotNull: Bool
        /// Of a true array; 0: it is none.
        var element: Int64
        var defaultText: String?
        var labels: [String]
    }

    private var entries: [Int64: Entry] = [:]

    init(_ rows: [JSONView]) {
        for row in rows {
            guard let oid = row["oid"]?.int64 else { continue }
            entries[oid] = Entry(
                name: row["name"]?.string ?? "", isBuiltIn: row["builtin"]?.bool ?? false,
                kind: row["kind"]?.string ?? "", base: row["base"]?.int64 ?? 0,
                modifier: row["modifier"]?.int64 ?? -1, isNotNull: row["not_null"]?.bool ?? false,
                element: row["element"]?.int64 ?? 0, defaultText: row["default"]?.string,
                labels: row["labels"]?.elements.compactMap(\.string) ?? [])
        }
    }

    /// - Parameters:
    ///   - modifier: What stands in parentheses behind the type, as the catalog encodes it; -1: nothing.
    ///   - isDeterministic: Texts are equal only when their bytes are.
    func columnType(_ oid: Int64, modifier: Int64, isDeterministic: Bool = true) -> ColumnType {
        guard let entry = entries[oid] else { return .text(.foreign) }
        if entry.kind == "d" {
            return columnType(entry.base, modifier: entry.modifier, isDeterministic: isDeterministic)
        }
        if entry.kind == "e" { return .enumeration(entry.labels) }
        if entry.element != 0 {
            return .array(of: columnType(entry.element, modifier: modifier, isDeterministic: isDeterministic))
        }
        guard entry.isBuiltIn, let type = Self.builtIn(entry.name, modifier) else { return .text(.foreign) }
        if case .text = type, !isDeterministic { return .text(.foreign) }
        return type
    }

    /// A domain may bring a default and forbid NULL.
    func domain(_ oid: Int64) -> (isNotNull: Bool, defaultText: String?) {
        guard let entry = entries[oid], entry.kind == "d" else { return (false, nil) }
        let inner = domain(entry.base)
        return (entry.isNotNull || inner.isNotNull, entry.defaultText ?? inner.defaultText)
    }

    /// Nil: its values can't be known before the database has them.
    private static func builtIn(_ name: String, _ modifier: Int64) -> ColumnType? {
        switch name {
        case "int2": .integer(bits: 16)
        case "int4": .integer(bits: 32)
        case "int8": .integer
        case "float4": .real(.single)
        case "float8": .real
        case "numeric": decimal(modifier)
        case "text", "varchar", "name": .text
        case "bpchar": .text(.padded)
        case "bytea": .blob
        case "bool": .boolean
        case "date": .date
        case "time": .time(digits: modifier < 0 ? 6 : Int(modifier))
        case "timestamp", "timestamptz": .timestamp(digits: modifier < 0 ? 6 : Int(modifier))
        case "uuid": .uuid
        case "json", "jsonb": .json(.binary)
        default: nil
        }
    }

    /// The modifier is 4 more than the precision in its upper 16 bits and the scale, signed, in its lower 11.
    private static func decimal(_ modifier: Int64) -> ColumnType {
        guard modifier >= 4 else { return .decimal }
        let scale = (modifier - 4) & 0x7FF
        return .decimal(
            precision: Int((modifier - 4) >> 16 & 0xFFFF), scale: Int(scale < 0x400 ? scale : scale - 0x800))
    }
}
#endif
