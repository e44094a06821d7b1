// SPDX-License-Identifier: MIT
public import JSON

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
func canonicalDocument(_ value: JSONValue) -> JSONValue? {
    let inner = value.withoutLiteral
    return inner == value && value.withLiteral != value ? nil : inner.withLiteral
}

/// As PostgreSQL keeps jsonb: numbers written out, members by the length of their names and then by their bytes. Nil
/// when a number is too long for it.
func binaryDocument(_ value: JSONValue) -> JSONValue? {
    switch value {
    case .null, .bool, .string: return value
    case .number(let number): return ExactDecimal(number.text).flatMap { JSONNumber(text: $0.text) }.map { .number($0) }
    case .array(let elements):
        var result: [JSONValue] = []
        result.reserveCapacity(elements.count)
        for element in elements {
            guard let element = binaryDocument(element) else { return nil }
            result.append(element)
        }
        return .array(result)
    case .object(let object):
        var result = JSONObject()
        let members = object.sorted { a, b in
            let (x, y) = (a.name.utf8.count, b.name.utf8.count)
            return x == y ? ByteString(a.name) < ByteString(b.name) : x < y
        }
        for (name, value) in members {
            guard let value = binaryDocument(value) else { return nil }
            result.append(name, value)
        }
        return .object(result)
    }
}

/// Whether jsonb holds two canonical documents equal: numbers by their value, so `1.0` is `1`.
func isSameDocument(_ a: JSONValue, _ b: JSONValue) -> Bool {
    switch (a, b) {
    case (.number(let x), .number(let y)):
        if x == y { return true }
        guard let x = ExactDecimal(x.text), let y = ExactDecimal(y.text) else { return false }
        return x.order(y) == .equal
    case (.array(let x), .array(let y)): return x.count == y.count && zip(x, y).allSatisfy(isSameDocument)
    case (.object(let x), .object(let y)):
        return x.count == y.count && x.allSatisfy { name, value in y[name].map { isSameDocument(value, $0) } ?? false }
    default: return a == b
    }
}
