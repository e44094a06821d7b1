// SPDX-License-Identifier: MIT

/// UUIDs as lower-case text (RFC 9562).
public enum UUIDText {
    /// Version 7: 48 bits of milliseconds, then random bits.
    public static func version7(at time: Timestamp, using generator: inout some RandomNumberGenerator) -> String {
        let milliseconds = UInt64(clamping: time.microseconds / 1000)
        return text(
            high: milliseconds << 16 | generator.next() & 0xFFFF, low: generator.next(), version: 7)
    }

    /// Version 8, derived from a transaction's id, a step's id and a row: a repeat of the transaction gets the same one.
    ///
    /// A transaction id that is a UUIDv7 lends its 48 bits of time, so that derived keys stay ordered by time, which
    /// keeps the indexes of both databases compact. The rest is a hash.
    public static func version8(transaction: TransactionID, step: String, row: Int) -> String {
        let (high, low) = prefix(ofHashOf: transaction.string, step, row)
        let time = millisecondBits(ofVersion7: transaction.string)
        return text(high: time.map { $0 << 16 | high & 0xFFFF } ?? high, low: low, version: 8)
    }

    /// Of `transaction#step#row`.
    private static func prefix(
        ofHashOf transaction: String, _ step: String, _ row: Int
    ) -> (high: UInt64, low: UInt64) {
        let row = String(row)
        let count = transaction.utf8.count + step.utf8.count + row.utf8.count + 2
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count) { text in
            var end = 0
            func append(_ part: String) { end = text[end...].initialize(fromContentsOf: part.utf8) }
            append(transaction)
            append("#")
            append(step)
            append("#")
            append(row)
            return SHA256.prefix(UnsafeRawBufferPointer(text))
        }
    }

    /// The time of a UUIDv7 in ms; nil for any other text.
    static func millisecondBits(ofVersion7 text: String) -> UInt64? {
        var text = text
        return text.withUTF8 { bytes -> UInt64? in
            guard bytes.count == 36, bytes[8] == UInt8(ascii: "-"), bytes[13] == UInt8(ascii: "-"),
                bytes[14] == UInt8(ascii: "7"), bytes[18] == UInt8(ascii: "-"), bytes[23] == UInt8(ascii: "-")
            else { return nil }
            var bits: UInt64 = 0
            for index in 0..<13 where index != 8 {
                guard let digit = hexDigit(bytes[index]) else { return nil }
                bits = bits << 4 | digit
            }
            return bits
        }
    }

    /// Whether the text has the form 8-4-4-4-12 of hexadecimal digits.
    public static func isValid(_ text: String) -> Bool {
        let bytes = text.utf8
        guard bytes.count == 36 else { return false }
        var index = 0
        for byte in bytes {
            let isDash = index == 8 || index == 13 || index == 18 || index == 23
            guard isDash ? byte == UInt8(ascii: "-") : hexDigit(byte) != nil else { return false }
            index += 1
        }
        return true
    }

    static func hexDigit(_ byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }

    private static func text(high: UInt64, low: UInt64, version: UInt64) -> String {
        let high = high & ~0xF000 | version << 12
        let low = low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        return String(unsafeUninitializedCapacity: 36) { buffer in
            var at = 0
            for nibble in 0..<32 {
                if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 {
                    buffer[at] = UInt8(ascii: "-")
                    at += 1
                }
                let word = nibble < 16 ? high : low
                let digit = UInt8(truncatingIfNeeded: word >> UInt64(60 - (nibble & 15) * 4)) & 0xF
                buffer[at] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
                at += 1
            }
            return at
        }
    }
}
