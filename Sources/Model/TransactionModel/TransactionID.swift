// SPDX-License-Identifier: MIT

/// The idempotency key of a transaction: 1 to 128 bytes of `[A-Za-z0-9._~-]`.
public struct TransactionID: Sendable, Hashable, Comparable, CustomStringConvertible {
    public static let bytesMax = 128

    public let string: String

    /// Nil when the text breaks the rule.
    public init?(_ string: String) {
        var string = string
        let isValid = string.withUTF8 { bytes in
            for byte in bytes where !Self.allows(byte) { return false }
            return !bytes.isEmpty && bytes.count <= Self.bytesMax
        }
        guard isValid else { return nil }
        self.string = string
    }

    /// A new id, ordered by time.
    public init(at time: Timestamp, using generator: inout some RandomNumberGenerator) {
        string = UUIDText.version7(at: time, using: &generator)
    }

    public var description: String { string }

    public static func < (a: Self, b: Self) -> Bool { a.string < b.string }

    static func allows(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
