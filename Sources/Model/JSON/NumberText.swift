// SPDX-License-Identifier: MIT

/// Reads numbers from text that the scanner has accepted.
enum NumberText {
    static func int64(_ digits: some Collection<UInt8>) -> Int64? {
        var value: Int64 = 0
        var isNegative = false
        for byte in digits {
            if byte == ASCII.minus, !isNegative {
                isNegative = true
                continue
            }
            guard ASCII.isDigit(byte) else { return nil }
            let digit = Int64(byte &- ASCII.zero)
            let (tens, tooBig) = value.multipliedReportingOverflow(by: 10)
            // Counting downwards for negatives reaches Int64.min.
            let (sum, overflow) =
                isNegative ? tens.subtractingReportingOverflow(digit) : tens.addingReportingOverflow(digit)
            if tooBig || overflow { return nil }
            value = sum
        }
        return value
    }

    static func double(_ digits: some Collection<UInt8>) -> Double? {
        guard let value = Double(String(decoding: digits, as: UTF8.self)), value.isFinite else { return nil }
        return value
    }

    /// Whether the bytes are one number of RFC 8259 and nothing else.
    static func isNumber(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, first == ASCII.minus || ASCII.isDigit(first) else { return false }
        return bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return false }
            let end = try? TextScanner(base: base, count: buffer.count).number(at: 0)
            return end == buffer.count
        }
    }
}
