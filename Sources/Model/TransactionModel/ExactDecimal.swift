// SPDX-License-Identifier: MIT

/// A decimal of any length, with the digits after the point that it was written with: PostgreSQL's numeric.
struct ExactDecimal: Equatable {
    /// What PostgreSQL takes: digits before and after the point.
    static let integerDigitsMax = 131_072
    static let scaleMax = 16_383

    /// Never of zero.
    private(set) var isNegative = false
    /// 0 to 9, the highest first, none of the highest zero; empty: zero.
    private var digits: [UInt8] = []
    /// How many of the digits stand behind the point.
    private(set) var scale = 0

    /// A number of JSON. Nil when it is none, or too long.
    init?(_ text: String) {
        var bytes = text.utf8[...]
        let isNegative = bytes.first == UInt8(ascii: "-")
        if isNegative { bytes = bytes.dropFirst() }
        let mantissa = bytes.prefix { $0 | 0x20 != UInt8(ascii: "e") }
        var exponent = 0
        if mantissa.count < bytes.count {
            guard let value = Int(String(decoding: bytes.dropFirst(mantissa.count + 1), as: UTF8.self)) else {
                return nil
            }
            exponent = value
        }
        var fraction: Int?
        for byte in mantissa {
            if byte == UInt8(ascii: "."), fraction == nil {
                fraction = 0
                continue
            }
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            digits.append(byte - UInt8(ascii: "0"))
            fraction = fraction.map { $0 + 1 }
        }
        guard !digits.isEmpty, exponent.magnitude <= Self.integerDigitsMax else { return nil }
        scale = (fraction ?? 0) - exponent
        if scale < 0 {
            digits += Array(repeating: 0, count: -scale)
            scale = 0
        }
        trim()
        self.isNegative = isNegative && !digits.isEmpty
        guard digits.count - scale <= Self.integerDigitsMax, scale <= Self.scaleMax else { return nil }
    }

    private mutating func trim() {
        digits = Array(digits.drop { $0 == 0 })
        if digits.isEmpty { isNegative = false }
    }

    /// With exactly so many digits behind the point, half away from zero; a negative scale rounds before the point.
    func rounded(toScale target: Int) -> ExactDecimal {
        var result = self
        guard target < scale else {
            if !digits.isEmpty { result.digits += Array(repeating: 0, count: target - scale) }
            result.scale = target
            return result
        }
        let dropped = scale - target
        let kept = digits.dropLast(dropped)
        let roundsUp = dropped <= digits.count && digits[digits.count - dropped] >= 5
        result.digits = roundsUp ? Self.sum(Array(kept), [1]) : Array(kept)
        result.scale = max(target, 0)
        if target < 0, !result.digits.isEmpty { result.digits += Array(repeating: 0, count: -target) }
        result.trim()
        return result
    }

    /// Whether it has no more than `precision` digits at a scale that it was rounded to.
    func fits(precision: Int, scale: Int) -> Bool { digits.count - self.scale <= precision - scale }

    var text: String {
        var bytes: [UInt8] = isNegative ? [UInt8(ascii: "-")] : []
        let whole = max(digits.count - scale, 0)
        bytes += whole == 0 ? [UInt8(ascii: "0")] : digits.prefix(whole).map { $0 + UInt8(ascii: "0") }
        if scale > 0 {
            bytes.append(UInt8(ascii: "."))
            bytes += Array(repeating: UInt8(ascii: "0"), count: max(scale - digits.count, 0))
            bytes += digits.dropFirst(whole).map { $0 + UInt8(ascii: "0") }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func + (a: ExactDecimal, b: ExactDecimal) -> ExactDecimal {
        let scale = max(a.scale, b.scale)
        var (a, b) = (a.rounded(toScale: scale), b.rounded(toScale: scale))
        if a.isNegative == b.isNegative {
            a.digits = sum(a.digits, b.digits)
            return a
        }
        if less(a.digits, b.digits) { swap(&a, &b) }
        a.digits = difference(a.digits, b.digits)
        a.trim()
        return a
    }

    func order(_ other: ExactDecimal) -> ValueOrder {
        guard isNegative == other.isNegative else { return isNegative ? .less : .greater }
        let scale = max(scale, other.scale)
        let (a, b) = (rounded(toScale: scale).digits, other.rounded(toScale: scale).digits)
        if a == b { return .equal }
        return Self.less(a, b) != isNegative ? .less : .greater
    }

    private static func less(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        a.count == b.count ? a.lexicographicallyPrecedes(b) : a.count < b.count
    }

    private static func sum(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] {
        var result = a.count >= b.count ? a : b
        let other = a.count >= b.count ? b : a
        var carry: UInt8 = 0
        for index in 0..<result.count {
            guard index < other.count || carry > 0 else { break }
            let at = result.count - 1 - index
            let digit = result[at] + carry + (index < other.count ? other[other.count - 1 - index] : 0)
            result[at] = digit % 10
            carry = digit / 10
        }
        return carry > 0 ? [carry] + result : result
    }

    /// `a` is not less than `b`.
    private static func difference(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] {
        var result = a
        var borrow: UInt8 = 0
        for index in 0..<a.count {
            guard index < b.count || borrow > 0 else { break }
            let at = a.count - 1 - index
            let taken = borrow + (index < b.count ? b[b.count - 1 - index] : 0)
            borrow = result[at] < taken ? 1 : 0
            result[at] = result[at] + 10 * borrow - taken
        }
        return result
    }
}
