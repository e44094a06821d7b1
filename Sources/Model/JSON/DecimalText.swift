// SPDX-License-Identifier: MIT

/// Integers as decimal digits, without a String between.
enum DecimalText {
    static func append(_ value: Int64, to bytes: inout [UInt8]) {
        if value < 0 { bytes.append(ASCII.minus) }
        var rest = value.magnitude
        if rest < 10 {
            bytes.append(ASCII.zero &+ UInt8(rest))
            return
        }
        // UInt64 has at most 20 digits.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var at = 20
            while rest > 0 {
                at -= 1
                let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10)
                digits[at] = ASCII.zero &+ UInt8(truncatingIfNeeded: remainder)
                rest = quotient
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: UnsafeBufferPointer(digits)[at...]))
        }
    }
}
