// SPDX-License-Identifier: MIT
public import JSON

extension ColumnType {
    /// The sum of an increment; nil when it leaves the type's range or is no number.
    public func sum(_ a: JSONValue, _ b: JSONValue) -> JSONValue? {
        if case .null = a { return .null }
        switch self {
        case .integer(let bits):
            guard let x = a.int64, let y = b.int64 else { return nil }
            let (sum, overflow) = x.addingReportingOverflow(y)
            return overflow || !Self.fits(sum, bits: bits) ? nil : .integer(sum)
        case .decimal:
            guard let x = a.number.flatMap({ ExactDecimal($0.text) }),
                let y = b.number.flatMap({ ExactDecimal($0.text) })
            else { return nil }
            return JSONNumber(text: (x + y).text).flatMap { canonical(.number($0)) }
        case .real(.single):
            guard let x = a.double, let y = b.double else { return nil }
            return canonicalSingle(Float(x) + Float(y))
        case .real(.double), .number, .text, .blob, .json, .boolean, .date, .time, .timestamp, .uuid, .enumeration,
            .array, .any:
            return doubleSum(a, b)
        }
    }

    private func doubleSum(_ a: JSONValue, _ b: JSONValue) -> JSONValue? {
        if let x = a.int64, let y = b.int64 {
            let (sum, overflow) = x.addingReportingOverflow(y)
            if !overflow { return self == .real ? .number(JSONNumber(Double(sum))) : .integer(sum) }
        }
        guard let x = a.double, let y = b.double, (x + y).isFinite else { return nil }
        return canonical(.number(JSONNumber(x + y)))
    }
}
