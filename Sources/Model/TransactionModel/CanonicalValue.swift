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
        case .text(.plain), .text(.foreign):
            guard value.kind == .string else { return false }
            writer.raw(value)
            return true
        case .integer(let bits):
            guard let number = value.int64, Self.fits(number, bits: bits) else { return false }
            writer.int(number)
            return true
        case .boolean:
            guard let flag = value.bool else { return false }
            writer.bool(flag)
            return true
        case .json(.text):
            guard value.kind == .object else {
                writer.value(value.value())
                return true
            }
            guard let canonical = canonicalDocument(value.value()) else { return false }
            writer.value(canonical)
            return true
        case .text, .json, .real, .number, .decimal, .blob, .date, .time, .timestamp, .uuid, .enumeration, .array, .any:
            guard let canonical = canonical(value.value()) else { return false }
            writer.value(canonical)
            return true
        }
    }

    /// The canonical form of a value; nil when it is not of this type.
    public func canonical(_ value: JSONValue) -> JSONValue? {
        if case .null = value { return .null }
        switch self {
        case .integer(let bits): return value.int64.flatMap { Self.fits($0, bits: bits) ? .integer($0) : nil }
        // A REAL column drops the sign of zero.
        case .real(.double): return value.double.flatMap { $0.isFinite ? .number(JSONNumber($0 == 0 ? 0 : $0)) : nil }
        case .real(.single): return value.double.flatMap { canonicalSingle(Float($0)) }
        case .number: return value.double.flatMap { canonicalNumber(value, $0) }
        case .decimal(let precision, let scale): return canonicalDecimal(value, precision: precision, scale: scale)
        case .text(let form):
            guard case .string(let text) = value else { return nil }
            return form == .padded ? .string(text.withoutTrailingBlanks) : value
        case .blob: return value.bytesValue == nil ? nil : value
        case .json(.text): return canonicalDocument(value)
        case .json(.binary): return canonicalDocument(value).flatMap(binaryDocument)
        case .boolean: return value.bool.map { .bool($0) }
        case .date: return value.string.flatMap { CivilDate.isValid($0) ? value : nil }
        case .time(let digits):
            return value.string.flatMap { ClockTime.canonical($0, digits: digits) }.map { .string($0) }
        case .timestamp(let digits):
            guard let time = value.string.flatMap({ Timestamp($0) })?.rounded(digits: digits), time.isWritable else {
                return nil
            }
            return .string(time.description)
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
        case .any: return canonicalScalar(value)
        }
    }

    /// The value of a `now` default at a moment.
    public func now(_ time: Timestamp) -> JSONValue {
        switch self {
        case .date: .string(time.dateText)
        case .time(let digits): .string(ClockTime.canonical(time.timeText, digits: digits) ?? time.timeText)
        case .integer: .integer(time.microseconds / 1_000_000)
        case .timestamp(let digits): .string(time.rounded(digits: digits).description)
        default: .string(time.description)
        }
    }

    static func fits(_ value: Int64, bits: Int) -> Bool {
        bits >= 64 || (-(Int64(1) << (bits - 1))..<Int64(1) << (bits - 1)).contains(value)
    }
}

extension String {
    /// Without the blanks at the end.
    public var withoutTrailingBlanks: String {
        var bytes = utf8[...]
        while bytes.last == UInt8(ascii: " ") { bytes = bytes.dropLast() }
        return bytes.count == utf8.count ? self : String(decoding: bytes, as: UTF8.self)
    }
}

/// As the shortest text that reads back as the same value of 32 bits.
func canonicalSingle(_ value: Float) -> JSONValue? {
    guard value.isFinite else { return nil }
    return JSONNumber(text: (value == 0 ? 0 : value).description).map { .number($0) }
}

private func canonicalDecimal(_ value: JSONValue, precision: Int?, scale: Int?) -> JSONValue? {
    guard case .number(let number) = value, var decimal = ExactDecimal(number.text) else { return nil }
    if let precision {
        decimal = decimal.rounded(toScale: scale ?? 0)
        guard decimal.fits(precision: precision, scale: scale ?? 0) else { return nil }
    }
    return JSONNumber(text: decimal.text).map { .number($0) }
}

private func canonicalNumber(_ value: JSONValue, _ double: Double) -> JSONValue? {
    guard case .number = value else { return nil }
    if let integer = value.int64 { return .integer(integer) }
    guard double.isFinite else { return nil }
    // What SQLite does on storing: an integral double of moderate size becomes an integer.
    if double == double.rounded(), abs(double) < 0x1p63 { return .integer(Int64(double)) }
    return .number(JSONNumber(double))
}

private func canonicalScalar(_ value: JSONValue) -> JSONValue? {
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
