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
        case .integer, .number: return orderNumbers(a, b)
        case .real: return orderInfinite(a, b) ?? orderNumbers(a, b)
        case .decimal: return orderInfinite(a, b) ?? orderDecimals(a, b)
        case .boolean: return ValueOrder(a.bool == true ? 1 : 0, b.bool == true ? 1 : 0)
        case .blob: return orderBytes(a.bytesValue ?? [], b.bytesValue ?? [])
        case .enumeration(let labels):
            let rank = { (value: JSONValue) in
                labels.firstIndex { value.string.map { ByteString($0) } == ByteString($0) } ?? labels.count
            }
            return ValueOrder(rank(a), rank(b))
        case .text, .date, .time, .timestamp, .uuid:
            return ValueOrder(ByteString(a.string ?? ""), ByteString(b.string ?? ""))
        case .json(.text): return orderDocuments(a.withoutLiteral, b.withoutLiteral)
        case .json(.binary): return isSameDocument(a, b) ? .equal : orderBytes(a.bytes, b.bytes)
        case .array(let element): return orderElements(a.array ?? [], b.array ?? [], of: element)
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
    switch (a.int64, b.int64) {
    case (let x?, let y?): ValueOrder(x, y)
    case (let x?, nil): order(x, b.double ?? 0)
    case (nil, let y?): order(y, a.double ?? 0).reversed
    case (nil, nil): ValueOrder(a.double ?? 0, b.double ?? 0)
    }
}

/// `-Infinity`, `Infinity` and `NaN` stand in records as strings, since JSON has no numbers for them. Nil when both are
/// numbers.
private func orderInfinite(_ a: JSONValue, _ b: JSONValue) -> ValueOrder? {
    let (x, y) = (infinityRank(a), infinityRank(b))
    return x == 0 && y == 0 ? nil : ValueOrder(x, y)
}

private func infinityRank(_ value: JSONValue) -> Int {
    switch value.string {
    case "-Infinity"?: -1
    case "Infinity"?: 1
    case "NaN"?: 2
    default: 0
    }
}

private func orderDecimals(_ a: JSONValue, _ b: JSONValue) -> ValueOrder {
    if let x = a.int64, let y = b.int64 { return ValueOrder(x, y) }
    guard let x = a.number.flatMap({ ExactDecimal($0.text) }), let y = b.number.flatMap({ ExactDecimal($0.text) })
    else { return orderNumbers(a, b) }
    return x.order(y)
}

/// Element by element, NULL greatest; the shorter of two that begin alike is less.
private func orderElements(_ a: [JSONValue], _ b: [JSONValue], of type: ColumnType) -> ValueOrder {
    for (x, y) in zip(a, b) {
        let order = type.order(x, y)
        if order != .equal { return order }
    }
    return ValueOrder(a.count, b.count)
}

/// Exact: the integer is never rounded to a double.
private func order(_ integer: Int64, _ double: Double) -> ValueOrder {
    if double >= 0x1p63 { return .less }
    if double < -0x1p63 { return .greater }
    let whole = Int64(double.rounded(.down))
    return integer == whole && Double(whole) < double ? .less : ValueOrder(integer, whole)
}

/// As SQLite keeps documents: numbers as such, everything else as text, and numbers whose spelling would get lost there
/// (`1.50`) as bytes.
private func orderDocuments(_ a: JSONValue, _ b: JSONValue) -> ValueOrder {
    let (x, y) = (documentClass(a), documentClass(b))
    guard x == y else { return ValueOrder(x, y) }
    return x == 0 ? orderNumbers(a, b) : orderBytes(a.bytes, b.bytes)
}

private func documentClass(_ value: JSONValue) -> Int {
    guard case .number(let number) = value else { return 1 }
    if let integer = number.int64 { return JSONNumber(integer) == number ? 0 : 2 }
    guard let double = number.double, JSONNumber(double) == number else { return 2 }
    return double == double.rounded() && double.magnitude < 0x1p63 ? 2 : 0
}

private func orderBytes(_ a: [UInt8], _ b: [UInt8]) -> ValueOrder {
    a == b ? .equal : a.lexicographicallyPrecedes(b) ? .less : .greater
}

private func storageClass(_ value: JSONValue) -> Int {
    switch value {
    case .null: 3
    case .bool, .number: 0
    case .string: 1
    case .array, .object: 2
    }
}
