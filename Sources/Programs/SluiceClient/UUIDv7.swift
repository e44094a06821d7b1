// SPDX-License-Identifier: MIT
internal import Glibc

/// A UUID of version 7 (RFC 9562): 48 bits of Unix milliseconds, then 74 random bits. Later ones sort behind.
public enum UUIDv7 {
    public static let textBytes = 36

    /// A new one, as text in lower case.
    public static func generate() -> String {
        var generator = SystemRandomNumberGenerator()
        return text(milliseconds: unixMilliseconds(), using: &generator)
    }

    public static func text(milliseconds: UInt64, using generator: inout some RandomNumberGenerator) -> String {
        String(unsafeUninitializedCapacity: textBytes) { bytes in
            write(
                milliseconds: milliseconds, random: (generator.next(), generator.next()),
                to: UnsafeMutableRawBufferPointer(bytes))
            return textBytes
        }
    }

    /// Writes the text's 36 bytes to the front of `bytes`. Of the random bits 12 and 62 are used.
    public static func write(
        milliseconds: UInt64, random: (UInt64, UInt64), to bytes: UnsafeMutableRawBufferPointer
    ) {
        precondition(bytes.count >= textBytes, "a UUID's text has 36 bytes")
        let high = milliseconds << 16 | 0x7000 | random.0 & 0x0fff
        let low = 0x8000_0000_0000_0000 | random.1 & 0x3fff_ffff_ffff_ffff
        var place = 0
        for digit in 0..<32 {
            switch digit {
            case 8, 12, 16, 20:
                bytes[place] = UInt8(ascii: "-")
                place += 1
            default: break
            }
            let half = digit < 16 ? high : low
            let value = UInt8(truncatingIfNeeded: half >> UInt64(60 - 4 * (digit & 15)) & 15)
            bytes[place] = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
            place += 1
        }
    }

    public static func unixMilliseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
    }
}
