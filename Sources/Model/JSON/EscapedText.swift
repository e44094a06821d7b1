// SPDX-License-Identifier: MIT

/// Writes a string with its quotes and the escapes that RFC 8259 demands, and no others.
enum EscapedText {
    @inline(__always)
    static func append(_ text: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
        bytes.append(ASCII.quote)
        if let base = text.baseAddress {
            let plain = plainRun(base, from: 0, count: text.count)
            bytes.append(contentsOf: UnsafeBufferPointer(start: base, count: plain))
            if plain < text.count { appendRest(text, from: plain, to: &bytes) }
        }
        bytes.append(ASCII.quote)
    }

    /// Of a text that needs no escapes.
    @inline(__always)
    static func appendPlain(_ text: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
        if let base = text.baseAddress { assert(plainRun(base, from: 0, count: text.count) == text.count) }
        bytes.append(ASCII.quote)
        bytes.append(contentsOf: text)
        bytes.append(ASCII.quote)
    }

    /// Where the next byte that needs an escape stands, or the end.
    @inline(__always)
    private static func plainRun(_ base: UnsafePointer<UInt8>, from start: Int, count: Int) -> Int {
        var at = start
        while at &+ 8 <= count {
            let specials = ByteWords.specials(ByteWords.load(base + at))
            if specials != 0 { return at &+ specials.trailingZeroBitCount >> 3 }
            at &+= 8
        }
        while at < count, base[at] >= 0x20, base[at] != ASCII.quote, base[at] != ASCII.backslash { at &+= 1 }
        return at
    }

    @inline(never)
    private static func appendRest(_ text: UnsafeBufferPointer<UInt8>, from start: Int, to bytes: inout [UInt8]) {
        guard let base = text.baseAddress else { return }
        var at = start
        while at < text.count {
            escape(base[at], to: &bytes)
            at &+= 1
            let end = plainRun(base, from: at, count: text.count)
            bytes.append(contentsOf: UnsafeBufferPointer(start: base + at, count: end &- at))
            at = end
        }
    }

    private static func escape(_ byte: UInt8, to bytes: inout [UInt8]) {
        bytes.append(ASCII.backslash)
        switch byte {
        case ASCII.quote, ASCII.backslash: bytes.append(byte)
        case 0x08: bytes.append(ASCII.lowerB)
        case 0x09: bytes.append(ASCII.lowerT)
        case 0x0A: bytes.append(ASCII.lowerN)
        case 0x0C: bytes.append(ASCII.lowerF)
        case 0x0D: bytes.append(ASCII.lowerR)
        default:
            let low = byte & 0x0F
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(ASCII.zero + byte >> 4)
            bytes.append(low < 10 ? ASCII.zero + low : 0x61 + low - 10)
        }
    }
}
