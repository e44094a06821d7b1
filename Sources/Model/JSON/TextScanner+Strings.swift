// SPDX-License-Identifier: MIT

extension TextScanner {
    /// The string whose opening quote is at `quote`: the offset behind its closing quote, and its decoded length.
    @inline(__always)
    func string(at quote: Int) throws(JSONError) -> (end: Int, size: Int) {
        var at = quote &+ 1
        while at &+ 8 <= count {
            let word = ByteWords.load(base + at)
            let stops = ByteWords.specials(word) | (word & ByteWords.highBits)
            if stops == 0 {
                at &+= 8
                continue
            }
            at &+= stops.trailingZeroBitCount >> 3
            if base[at] == ASCII.quote { return (at &+ 1, at &- quote &- 1) }
            break
        }
        return try rest(of: quote, from: at)
    }

    /// Goes on where the fast path met an escape, a byte beyond ASCII, an error or the text's end.
    @inline(never)
    private func rest(of quote: Int, from start: Int) throws(JSONError) -> (end: Int, size: Int) {
        var at = start
        var saved = 0
        while at < count {
            let byte = base[at]
            if byte >= 0x80 {
                at = try scalar(at: at)
            } else if byte == ASCII.quote {
                return (at &+ 1, at &- quote &- 1 &- saved)
            } else if byte == ASCII.backslash {
                let escape = try escape(at: at)
                at &+= escape.length
                saved &+= escape.length &- escape.size
            } else if byte < 0x20 {
                throw JSONError(.controlCharacter, at: at)
            } else {
                at = plainRun(from: at &+ 1)
            }
        }
        throw JSONError(.unexpectedEnd, at: count)
    }

    @inline(__always)
    private func plainRun(from start: Int) -> Int {
        var at = start
        while at &+ 8 <= count {
            let word = ByteWords.load(base + at)
            let stops = ByteWords.specials(word) | (word & ByteWords.highBits)
            if stops != 0 { return at &+ stops.trailingZeroBitCount >> 3 }
            at &+= 8
        }
        return at
    }

    /// One scalar beyond ASCII, by the table of well-formed sequences in the Unicode standard (3-7).
    @inline(__always)
    private func scalar(at start: Int) throws(JSONError) -> Int {
        let lead = base[start]
        let left = count &- start
        switch lead {
        case 0xC2...0xDF:
            if left >= 2, isContinuation(base[start &+ 1]) { return start &+ 2 }
        case 0xE0...0xEF:
            guard left >= 3 else { break }
            let second = base[start &+ 1]
            // E0 would be overlong below A0; ED would be a surrogate from A0 on.
            let fits = lead == 0xE0 ? second >= 0xA0 : lead == 0xED ? second < 0xA0 : true
            if fits, isContinuation(second), isContinuation(base[start &+ 2]) { return start &+ 3 }
        case 0xF0...0xF4:
            guard left >= 4 else { break }
            let second = base[start &+ 1]
            // F0 would be overlong below 90; F4 would pass U+10FFFF from 90 on.
            let fits = lead == 0xF0 ? second >= 0x90 : lead == 0xF4 ? second < 0x90 : true
            if fits, isContinuation(second), isContinuation(base[start &+ 2]), isContinuation(base[start &+ 3]) {
                return start &+ 4
            }
        default:
            break
        }
        throw JSONError(.invalidUTF8, at: start)
    }

    @inline(__always)
    private func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }

    /// The length of one escape in the text, and of what it stands for.
    private func escape(at start: Int) throws(JSONError) -> (length: Int, size: Int) {
        guard start + 1 < count else { throw JSONError(.unexpectedEnd, at: count) }
        switch base[start + 1] {
        case ASCII.quote, ASCII.backslash, ASCII.slash, ASCII.lowerB, ASCII.lowerF, ASCII.lowerN, ASCII.lowerR,
            ASCII.lowerT:
            return (2, 1)
        case ASCII.lowerU:
            let unit = try hexUnit(at: start + 2, of: start)
            switch unit {
            case 0..<0x80: return (6, 1)
            case 0x80..<0x800: return (6, 2)
            case 0xD800..<0xDC00:
                guard start + 7 < count, base[start + 6] == ASCII.backslash, base[start + 7] == ASCII.lowerU,
                    (0xDC00..<0xE000).contains(try hexUnit(at: start + 8, of: start + 6))
                else { throw JSONError(.loneSurrogate, at: start) }
                return (12, 4)
            case 0xDC00..<0xE000: throw JSONError(.loneSurrogate, at: start)
            default: return (6, 3)
            }
        default:
            throw JSONError(.invalidEscape, at: start)
        }
    }

    private func hexUnit(at start: Int, of backslash: Int) throws(JSONError) -> UInt32 {
        var unit: UInt32 = 0
        for at in start..<start + 4 {
            guard at < count else { throw JSONError(.unexpectedEnd, at: count) }
            guard let digit = StringDecoder.hexDigit(base[at]) else { throw JSONError(.invalidEscape, at: backslash) }
            unit = unit << 4 | digit
        }
        return unit
    }
}
