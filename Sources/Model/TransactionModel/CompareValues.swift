// SPDX-License-Identifier: MIT
public import JSON

/// Order of two canonical values, as the database has it.
public enum ValueOrder: Sendable {
    case less, equal, greater

    init<T: Comparable>(_ a: T, _ b: T) { self = a < b ? .less : a == b ? .equal : .greater }

    public var reversed: ValueOrder {
        switch self {
        case .less: .greater
        case .equal: .equal
        case .greater: .less
        }
    }
}

extension ColumnType {
    /// Compares canonical values for sorting: NULL is greatest.
    public func order(_ a: JSONValue, _ b: JSONValue) -> ValueOrder {
        switch (a, b) {
        case (.null, .null): .equal
        case (.null, _): .greater
        case (_, .null): .less
        default: orderPresent(a, b)
        }
    }

    private func orderPresent(_ a: JSONValue, _ b: JSONValue) -> ValueOrder {
        switch self {
        case .integer, .real, .number, .decimal: return orderNumbers(a, b)
        case .boolean: return ValueOrder(a.bool == true ? 1 : 0, b.bool == true ? 1 : 0)
        case .blob: return orderBytes(a.bytesValue ?? [], b.bytesValue ?? [])
        case .enumeration(let labels):
            let rank = { (value: JSONValue) in labels.firstIndex { value.string == $0 } ?? labels.count }
            return ValueOrder(rank(a), rank(b))
        case .text, .date, .time, .timestamp, .uuid:
            return ValueOrder(ByteString(a.string ?? ""), ByteString(b.string ?? ""))
        case .json, .array: return orderBytes(jsonText(a), jsonText(b))
        case .any:
            // SQLite orders by storage class first: numbers, then text, then blobs.
            let (x, y) = (storageClass(a), storageClass(b))
            guard x == y else { return ValueOrder(x, y) }
            switch x {
            case 0: return orderNumbers(a, b)
            case 1: return ValueOrder(ByteString(a.string ?? ""), ByteString(b.string ?? ""))
            default: return orderBytes(a.bytesValue ?? [], b.bytesValue ?? [])
            }
        }
    }
}

private func orderNumbers(_ a: JSONValue, _ b: JSONValue) -> ValueOrder {
    if let x = a.int64, let y = b.int64 { return ValueOrder(x, y) }
    return ValueOrder(a.double ?? 0, b.double ?? 0)
}

private func orderBytes(_ a: [UInt8], _ b: [UInt8]) -> ValueOrder {
    a == b ? .equal : a.lexicographicallyPrecedes(b) ? .less : .greater
}

private func jsonText(_ value: JSONValue) -> [UInt8] {
    var writer = JSONWriter(capacity: 64)
    writer.value(value)
    return writer.bytes
}

private func storageClass(_ value: JSONValue) -> Int {
    switch value {
    case .null: 3
    case .bool, .number: 0
    case .string: 1
    case .array, .object: 2
    }
}
