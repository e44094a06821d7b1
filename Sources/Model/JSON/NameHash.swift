// SPDX-License-Identifier: MIT

/// A cheap hash of a member name: its length, its first and its last eight bytes. Equal names have equal hashes.
enum NameHash {
    /// `end` bounds what may be read from `start` on: the rest of the text or buffer.
    @inline(__always)
    static func of(_ start: UnsafePointer<UInt8>, count: Int, readable: Int) -> UInt32 {
        var head: UInt64 = 0
        var tail: UInt64 = 0
        if count >= 8 {
            head = ByteWords.load(start)
            tail = ByteWords.load(start + (count &- 8))
        } else if readable >= 8 {
            head = ByteWords.load(start) & ((1 << UInt64(truncatingIfNeeded: count &* 8)) &- 1)
        } else {
            for at in 0..<count { head |= UInt64(start[at]) << UInt64(truncatingIfNeeded: at &* 8) }
        }
        let mixed = (head ^ UInt64(truncatingIfNeeded: count)) &* 0x9E37_79B9_7F4A_7C15 &+ tail &* 0xC2B2_AE3D_27D4_EB4F
        return UInt32(truncatingIfNeeded: mixed >> 32) ^ UInt32(truncatingIfNeeded: mixed >> 58)
    }
}
