// SPDX-License-Identifier: MIT
import Glibc
import Keyspace

// Numbers as Redis reads and writes them.

/// What INCRBYFLOAT calculates with. C's `long double`, so that 0.1 + 0.2 is 0.3 as it is in Redis; where Swift has
/// no such type, the sum is a Double and shown in its shortest form.
#if arch(x86_64)
typealias LongDouble = Float80
#else
typealias LongDouble = Double
#endif

extension Int64 {
    /// The strict form: no sign but `-`, no leading zero, no space, in range.
    init?(redis bytes: [UInt8]) {
        var digits = bytes[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative { digits = digits.dropFirst() }
        guard let first = digits.first, digits.count <= 19 else { return nil }
        guard first != UInt8(ascii: "0") || bytes.count == 1 else { return nil }
        var value: Int64 = 0
        for digit in digits {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            let (shifted, isTooBig) = value.multipliedReportingOverflow(by: 10)
            // Counted downwards: the lowest number has no positive counterpart.
            let (sum, isTooLow) = shifted.subtractingReportingOverflow(Int64(digit - UInt8(ascii: "0")))
            guard !isTooBig, !isTooLow else { return nil }
            value = sum
        }
        guard isNegative || value != .min else { return nil }
        self = isNegative ? value : -value
    }
}

extension Double {
    /// Everything `strtod` reads, as a whole: exponents, hexadecimal and `inf` too; no space before it, no NaN, and
    /// nothing that is too big or too small.
    init?(redis bytes: [UInt8]) {
        guard let first = bytes.first, !isSpace(first) else { return nil }
        var parsed = 0.0
        var code: Int32 = 0
        let isWhole = wholeText(bytes) { text, end in
            errno = 0
            parsed = strtod(text, end)
            code = errno
        }
        guard isWhole, !parsed.isNaN, code != ERANGE || !(parsed.isInfinite || parsed.isZero) else { return nil }
        self = parsed
    }

    /// A bound of a range of scores: empty text is 0, spaces before it are none of our business.
    init?(redisBound bytes: some Collection<UInt8>) {
        var parsed = 0.0
        let isWhole = wholeText(Array(bytes.prefix { $0 != 0 })) { parsed = strtod($0, $1) }
        guard isWhole, !parsed.isNaN else { return nil }
        self = parsed
    }

    /// 17 significant digits: `3`, `0.10000000000000001`, `1e+20`, `inf`.
    var redisText: [UInt8] {
        if isInfinite { return Array((self > 0 ? "inf" : "-inf").utf8) }
        if let whole = Int64(exactly: self), whole.magnitude < 1 << 53, whole != 0 || sign == .plus {
            return whole.commandBytes
        }
        return formatted("%.17g", self, bytesMax: 32)
    }
}

extension LongDouble {
    init?(redisLong bytes: [UInt8]) {
        guard let first = bytes.first, !isSpace(first) else { return nil }
        var parsed: LongDouble = 0
        var code: Int32 = 0
        let isWhole = wholeText(bytes) { text, end in
            errno = 0
            #if arch(x86_64)
            parsed = strtold(text, end)
            #else
            parsed = strtod(text, end)
            #endif
            code = errno
        }
        guard isWhole, !parsed.isNaN, code != ERANGE || !(parsed.isInfinite || parsed.isZero) else { return nil }
        self = parsed
    }

    /// 17 digits after the point, without the zeros at the end; never an exponent.
    var redisLongText: [UInt8] {
        #if arch(x86_64)
        var text = formatted("%.17Lf", self, bytesMax: 5120)
        #else
        var text = Array(description.utf8)
        #endif
        if text.contains(UInt8(ascii: ".")) {
            while text.last == UInt8(ascii: "0") { text.removeLast() }
            if text.last == UInt8(ascii: ".") { text.removeLast() }
        }
        return text == Array("-0".utf8) ? [UInt8(ascii: "0")] : text
    }
}

private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

/// Whether `parse` consumed every byte; a zero byte ends the text too early.
private func wholeText(
    _ bytes: [UInt8], parse: (UnsafePointer<CChar>, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Void
) -> Bool {
    (bytes + [0]).withUnsafeBytes { buffer in
        guard let text = buffer.assumingMemoryBound(to: CChar.self).baseAddress else { return false }
        var end: UnsafeMutablePointer<CChar>?
        parse(text, &end)
        return end.map { UnsafePointer($0) == text + bytes.count } ?? false
    }
}

private func formatted(_ format: String, _ value: any CVarArg, bytesMax: Int) -> [UInt8] {
    var buffer = [CChar](repeating: 0, count: bytesMax)
    let count = withVaList([value]) { vsnprintf(&buffer, buffer.count, format, $0) }
    return buffer.prefix(max(0, min(Int(count), bytesMax - 1))).map { UInt8(bitPattern: $0) }
}
