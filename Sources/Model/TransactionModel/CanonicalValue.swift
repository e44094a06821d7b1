// SPDX-License-Identifier: MIT
public import JSON

/// A value becomes canonical once, at accept: then the overlay shows what the database will give back, byte for byte.
extension ColumnType {
    /// Checks a client's value and writes its canonical form. Null is always written; whether it may be is the caller's affair.
    /// - Returns: false when the value is not of this type; nothing was written then.
    public func write(_ value: JSONView, into writer: inout JSONWriter) -> Bool {
        if value.isNull {
            writer.null()
            return true
        }
        switch self {
        case .text:
            guard value.kind == .string else { return false }
            writer.raw(value)
            return true
        case .integer:
            guard let number = value.int64 else { return false }
            writer.int(number)
            return true
        case .boolean:
            guard let flag = value.bool else { return false }
            writer.bool(flag)
            return true
        case .json:
            guard value.kind == .object else {
                writer.value(value.value())
                return true
            }
            guard let canonical = canonicalDocument(value.value()) else { return false }
            writer.value(canonical)
            return true
        case .real, .number, .decimal, .blob, .date, .time, .timestamp, .uuid, .enumeration, .array, .any:
            guard let canonical = canonical(value.value()) else { return false }
            writer.value(canonical)
            return true
        }
    }

    /// The canonical form of a value; nil when it is not of this type.
    public func canonical(_ value: JSONValue) -> JSONValue? {
        if case .null = value { return .null }
        switch self {
        case .integer: return value.int64.map { .integer($0) }
        case .real:
            // A REAL column drops the sign of zero.
            return value.double.flatMap { $0.isFinite ? .number(JSONNumber($0 == 0 ? 0 : $0)) : nil }
        case .number: return value.double.flatMap { canonicalNumber(value, $0) }
        case .decimal:
            guard case .number = value else { return nil }
            return value
        case .text:
            guard case .string = value else { return nil }
            return value
        case .blob: return value.bytesValue == nil ? nil : value
        case .json: return canonicalDocument(value)
        case .boolean: return value.bool.map { .bool($0) }
        case .date: return value.string.flatMap { CivilDate.isValid($0) ? value : nil }
        case .time: return value.string.flatMap(ClockTime.canonical).map { .string($0) }
        case .timestamp: return value.string.flatMap { Timestamp($0) }.map { .string($0.description) }
        case .uuid: return value.string.flatMap { UUIDText.isValid($0) ? .string($0.lowercased()) : nil }
        case .enumeration(let labels):
            guard let text = value.string, labels.contains(where: { ByteString($0) == ByteString(text) }) else {
                return nil
            }
            return value
        case .array(let element):
            guard case .array(let list) = value else { return nil }
            var result: [JSONValue] = []
            for item in list {
                guard let canonical = element.canonical(item) else { return nil }
                result.append(canonical)
            }
            return .array(result)
        case .any:
            switch value {
            case .null, .string: return value
            case .bool(let flag): return .integer(flag ? 1 : 0)
            case .number(let number):
                if let integer = number.int64 { return .integer(integer) }
                return number.double.flatMap { $0.isFinite ? .number(JSONNumber($0)) : nil }
            case .object: return value.bytesValue == nil ? nil : value
            case .array: return nil
            }
        }
    }

    /// The value of a `now` default at a moment.
    public func now(_ time: Timestamp) -> JSONValue {
        switch self {
        case .date: .string(time.dateText)
        case .time: .string(time.timeText)
        case .integer: .integer(time.microseconds / 1_000_000)
        default: .string(time.description)
        }
    }

    /// The sum of an increment; nil when it leaves the type's range or is no number.
    public func sum(_ a: JSONValue, _ b: JSONValue) -> JSONValue? {
        if case .null = a { return .null }
        if let x = a.int64, let y = b.int64 {
            let (sum, overflow) = x.addingReportingOverflow(y)
            if !overflow { return self == .real ? .number(JSONNumber(Double(sum))) : .integer(sum) }
            if self == .integer { return nil }
        }
        guard self != .integer, let x = a.double, let y = b.double, (x + y).isFinite else { return nil }
        return canonical(.number(JSONNumber(x + y)))
    }
}

extension JSONValue {
    /// A JSON document as it goes into the database: without the `$literal` around data that has names with `$`.
    public var withoutLiteral: JSONValue {
        guard case .object(let object) = self, object.count == 1, let inner = object["$literal"] else { return self }
        return inner
    }

    /// A JSON document as it stands in records: with `$literal` around data that has names with `$`.
    public var withLiteral: JSONValue {
        guard case .object(let object) = self, object.keys.contains(where: { $0.utf8.first == UInt8(ascii: "$") })
        else {
            return self
        }
        return ["$literal": self]
    }
}

/// Data whose names begin with `$` must come as `$literal`: nil otherwise.
private func canonicalDocument(_ value: JSONValue) -> JSONValue? {
    let inner = value.withoutLiteral
    return inner == value && value.withLiteral != value ? nil : inner.withLiteral
}

private func canonicalNumber(_ value: JSONValue, _ double: Double) -> JSONValue? {
    guard case .number = value else { return nil }
    if let integer = value.int64 { return .integer(integer) }
    guard double.isFinite else { return nil }
    // What SQLite does on storing: an integral double of moderate size becomes an integer.
    if double == double.rounded(), abs(double) < 0x1p63 { return .integer(Int64(double)) }
    return .number(JSONNumber(double))
}
