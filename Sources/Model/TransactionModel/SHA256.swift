// SPDX-License-Identifier: MIT
import CSHA256

/// SHA-256 (FIPS 180-4). Written here because it is the only digest Sluice needs, and a cryptography package would be
/// larger than the whole daemon. Where the processor has instructions for it they do the work, about ten times as fast.
public struct SHA256 {
    typealias Words = ContentHash.Words

    private static let isAccelerated = sluice_sha256_available()

    private var state: Words = (
        0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19
    )
    private let isAccelerated: Bool

    private init(isAccelerated: Bool) { self.isAccelerated = isAccelerated }

    public static func hash(_ bytes: [UInt8]) -> ContentHash { bytes.withUnsafeBytes { hash($0) } }

    public static func hash(_ bytes: UnsafeRawBufferPointer) -> ContentHash {
        hash(bytes, isAccelerated: Self.isAccelerated)
    }

    /// `isAccelerated` only where the processor can.
    static func hash(_ bytes: UnsafeRawBufferPointer, isAccelerated: Bool) -> ContentHash {
        ContentHash(words: words(bytes, isAccelerated: isAccelerated))
    }

    /// The first 128 bits of the hash.
    static func prefix(_ bytes: UnsafeRawBufferPointer) -> (high: UInt64, low: UInt64) {
        let words = words(bytes, isAccelerated: isAccelerated)
        return (UInt64(words.0) << 32 | UInt64(words.1), UInt64(words.2) << 32 | UInt64(words.3))
    }

    private static func words(_ bytes: UnsafeRawBufferPointer, isAccelerated: Bool) -> Words {
        var hash = SHA256(isAccelerated: isAccelerated)
        let whole = bytes.count & ~63
        hash.compress(UnsafeRawBufferPointer(rebasing: bytes[..<whole]))
        hash.pad(UnsafeRawBufferPointer(rebasing: bytes[whole...]), bits: UInt64(bytes.count) &* 8)
        return hash.state
    }

    /// The last block or two: what is left over, a bit 1, zeros, the length in bits.
    private mutating func pad(_ rest: UnsafeRawBufferPointer, bits: UInt64) {
        withUnsafeTemporaryAllocation(byteCount: 128, alignment: 8) { tail in
            tail.initializeMemory(as: UInt8.self, repeating: 0)
            tail.copyMemory(from: rest)
            tail[rest.count] = 0x80
            let count = rest.count < 56 ? 64 : 128
            tail.storeBytes(of: bits.bigEndian, toByteOffset: count - 8, as: UInt64.self)
            compress(UnsafeRawBufferPointer(rebasing: tail[..<count]))
        }
    }

    /// Any number of blocks.
    private mutating func compress(_ blocks: UnsafeRawBufferPointer) {
        guard isAccelerated else {
            for offset in stride(from: 0, to: blocks.count, by: 64) {
                compressBlock(UnsafeRawBufferPointer(rebasing: blocks[offset..<offset + 64]))
            }
            return
        }
        guard let start = blocks.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
        withUnsafeMutableBytes(of: &state) { state in
            sluice_sha256_compress(state.baseAddress?.assumingMemoryBound(to: UInt32.self), start, blocks.count / 64)
        }
    }

    private mutating func compressBlock(_ block: UnsafeRawBufferPointer) {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { w in
            for i in 0..<16 { w[i] = UInt32(bigEndian: block.loadUnaligned(fromByteOffset: i * 4, as: UInt32.self)) }
            for i in 16..<64 {
                let a = w[i - 15]
                let b = w[i - 2]
                let s0 = rotated(a, 7) ^ rotated(a, 18) ^ a >> 3
                let s1 = rotated(b, 17) ^ rotated(b, 19) ^ b >> 10
                w[i] = w[i - 16] &+ s0 &+ w[i - 7] &+ s1
            }
            var (a, b, c, d, e, f, g, h) = state
            roundConstants.withUnsafeBufferPointer { k in
                for i in 0..<64 {
                    let s1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
                    let t1 = h &+ s1 &+ (e & f ^ ~e & g) &+ k[i] &+ w[i]
                    let s0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
                    let t2 = s0 &+ (a & b ^ a & c ^ b & c)
                    h = g
                    g = f
                    f = e
                    e = d &+ t1
                    d = c
                    c = b
                    b = a
                    a = t1 &+ t2
                }
            }
            state = (
                state.0 &+ a, state.1 &+ b, state.2 &+ c, state.3 &+ d, state.4 &+ e, state.5 &+ f, state.6 &+ g,
                state.7 &+ h
            )
        }
    }
}

/// 32 bytes: the SHA-256 of a transaction as the client sent it, members sorted by their bytes.
public struct ContentHash: Sendable, Hashable {
    public let bytes: [UInt8]

    /// Nil unless there are 32 bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    typealias Words = (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32)

    init(words: Words) {
        let bigEndian = (
            words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian, words.4.bigEndian,
            words.5.bigEndian, words.6.bigEndian, words.7.bigEndian
        )
        bytes = withUnsafeBytes(of: bigEndian) { Array($0) }
    }

    /// Lower-case hexadecimal digits.
    public var hexadecimal: String {
        String(decoding: bytes.flatMap { [hexDigits[Int($0 >> 4)], hexDigits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

private let hexDigits = Array("0123456789abcdef".utf8)

@inline(__always) private func rotated(_ value: UInt32, _ count: UInt32) -> UInt32 {
    value >> count | value << (32 - count)
}

private let roundConstants: [UInt32] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
]
