// SPDX-License-Identifier: MIT

/// Bytes looked at eight at a time, in one 64-bit register.
enum ByteWords {
    static let ones: UInt64 = 0x0101_0101_0101_0101
    static let highBits: UInt64 = 0x8080_8080_8080_8080

    /// Eight bytes; the first one is the lowest.
    @inline(__always)
    static func load(_ pointer: UnsafePointer<UInt8>) -> UInt64 {
        UInt64(littleEndian: UnsafeRawPointer(pointer).loadUnaligned(as: UInt64.self))
    }

    /// The high bit of each byte that ends a plain run inside a string: quote, backslash, control.
    ///
    /// Only the lowest bit set is exact: a borrow may mark bytes above it.
    @inline(__always)
    static func specials(_ word: UInt64) -> UInt64 {
        let quotes = word ^ (ones &* 0x22)
        let backslashes = word ^ (ones &* 0x5C)
        let found =
            ((quotes &- ones) & ~quotes) | ((backslashes &- ones) & ~backslashes)
            | ((word &- (ones &* 0x20)) & ~word)
        return found & highBits
    }

    /// The high bit of each byte that opens a container or separates: brackets, comma, colon. Exact.
    @inline(__always)
    static func structurals(_ word: UInt64) -> UInt64 {
        // '[' and '{' differ in one bit.
        let opens = nonZero((word | ones &* 0x20) ^ (ones &* 0x7B))
        let separators = nonZero(word ^ (ones &* 0x2C)) & nonZero(word ^ (ones &* 0x3A))
        return ~(opens & separators) & highBits
    }

    /// The high bit of each byte that is not zero; no carry leaves a byte.
    @inline(__always)
    private static func nonZero(_ word: UInt64) -> UInt64 {
        ((word & ~highBits) &+ ~highBits) | word
    }

    @inline(__always)
    static func sumOfBytes(_ word: UInt64) -> Int {
        let pairs = (word & 0x00FF_00FF_00FF_00FF) &+ (word >> 8 & 0x00FF_00FF_00FF_00FF)
        return Int((pairs &* 0x0001_0001_0001_0001) >> 48)
    }

    @inline(__always)
    static func equal(_ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, count: Int) -> Bool {
        var at = 0
        while at &+ 8 <= count {
            if load(left + at) != load(right + at) { return false }
            at &+= 8
        }
        while at < count {
            if left[at] != right[at] { return false }
            at &+= 1
        }
        return true
    }

    /// Lexicographic order of unsigned bytes; a prefix comes first.
    static func less(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Bool {
        let common = min(left.count, right.count)
        var at = 0
        if let leftBase = left.baseAddress, let rightBase = right.baseAddress {
            while at &+ 8 <= common, load(leftBase + at) == load(rightBase + at) { at &+= 8 }
        }
        while at < common {
            if left[at] != right[at] { return left[at] < right[at] }
            at &+= 1
        }
        return left.count < right.count
    }
}
