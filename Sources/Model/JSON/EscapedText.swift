// SPDX-License-Identifier: MIT

/// Writes a string with its quotes and the escapes that RFC 8259 demands, and no others.
enum EscapedText {
    @inline(__always)
    static func append(_ text: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
        appendName(text, to: &bytes, needsComma: false, colon: 0)
    }

    /// With a comma before it and a colon behind it.
    @inline(__always)
    static func appendName(_ text: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8], needsComma: Bool) {
        appendName(text, to: &bytes, needsComma: needsComma, colon: 1)
    }

    /// A text that needs no escapes goes out in one piece.
    @inline(__always)
    private static func appendName(
        _ text: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8], needsComma: Bool, colon: Int
    ) {
        let plain = text.baseAddress.map { plainRun($0, from: 0, count: text.count) } ?? 0
        guard plain == text.count else {
            if needsComma { bytes.append(ASCII.comma) }
            bytes.append(ASCII.quote)
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[..<plain]))
            appendRest(text, from: plain, to: &bytes)
            bytes.append(ASCII.quote)
            if colon > 0 { bytes.append(ASCII.colon) }
            return
        }
        appendPlain(text, to: &bytes, needsComma: needsComma, colon: colon)
    }

    /// Of a text that needs no escapes, with a colon behind it.
    @inline(__always)
    static func appendPlainName(_ text: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8], needsComma: Bool) {
        if let base = text.baseAddress { assert(plainRun(base, from: 0, count: text.count) == text.count) }
        appendPlain(text, to: &bytes, needsComma: needsComma, colon: 1)
    }

    @inline(__always)
    private static func appendPlain(
        _ text: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8], needsComma: Bool, colon: Int
    ) {
        bytes.append(addingCapacity: text.count &+ 4) { room in
            room.withUnsafeMutableBufferPointer { buffer, count in
                let start = needsComma ? 1 : 0
                buffer[0] = ASCII.comma
                buffer[start] = ASCII.quote
                _ = UnsafeMutableBufferPointer(rebasing: buffer[(start &+ 1)...]).update(fromContentsOf: text)
                let end = start &+ 1 &+ text.count
                buffer[end] = ASCII.quote
                buffer[end &+ 1] = ASCII.colon
                count = end &+ 1 &+ colon
            }
        }
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
