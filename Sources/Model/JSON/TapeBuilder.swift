// SPDX-License-Identifier: MIT

/// Parses one text onto a tape. The tape has room for `TapeEntry.countMax` entries.
struct TapeBuilder {
    private let scanner: TextScanner
    private let tape: UnsafeMutablePointer<TapeEntry>
    private(set) var duplicates: DuplicateNames
    private(set) var count = 0
    /// The innermost open container, or -1.
    private var open = -1
    private var depth = 0

    init(text: UnsafeBufferPointer<UInt8>, base: UnsafePointer<UInt8>, tape: UnsafeMutablePointer<TapeEntry>) {
        scanner = TextScanner(base: base, count: text.count)
        self.tape = tape
        duplicates = DuplicateNames(base: base, tape: tape)
    }

    mutating func build() throws(JSONError) {
        let base = scanner.base
        if scanner.count >= 3, base[0] == 0xEF, base[1] == 0xBB, base[2] == 0xBF {
            throw JSONError(.byteOrderMark, at: 0)
        }
        var at = scanner.skipWhitespace(from: 0)
        var inObject = false
        nextValue: while true {
            guard at < scanner.count else { throw JSONError(.unexpectedEnd, at: scanner.count) }
            let byte = base[at]
            if byte == ASCII.quote {
                let string = try scanner.string(at: at)
                append(start: at, end: string.end, size: string.size)
                at = string.end
            } else if byte | 0x20 == ASCII.openBrace {
                try begin(at: at)
                inObject = byte == ASCII.openBrace
                at = scanner.skipWhitespace(from: at &+ 1)
                guard at < scanner.count else { throw JSONError(.unexpectedEnd, at: scanner.count) }
                // The closing bracket is two above the opening one, for both pairs.
                if base[at] != byte &+ 2 {
                    tape[open].size = 1
                    if inObject { at = try name(at: at) }
                    continue nextValue
                }
                at &+= 1
                inObject = try end(at: at)
            } else {
                let end = try scalar(byte, at: at)
                append(start: at, end: end, size: 0)
                at = end
            }
            while true {
                at = scanner.skipWhitespace(from: at)
                guard depth > 0 else {
                    guard at == scanner.count else { throw JSONError(.trailingBytes, at: at) }
                    return
                }
                guard at < scanner.count else { throw JSONError(.unexpectedEnd, at: scanner.count) }
                let byte = base[at]
                if byte == ASCII.comma {
                    tape[open].size &+= 1
                    at = scanner.skipWhitespace(from: at &+ 1)
                    if inObject { at = try name(at: at) }
                    continue nextValue
                }
                guard byte == (inObject ? ASCII.closeBrace : ASCII.closeBracket) else {
                    throw JSONError(.unexpectedByte, at: at)
                }
                at &+= 1
                inObject = try end(at: at)
            }
        }
    }

    /// A number or literal: everything that is neither string nor container.
    @inline(__always)
    private func scalar(_ byte: UInt8, at: Int) throws(JSONError) -> Int {
        if ASCII.isDigit(byte) || byte == ASCII.minus { return try scanner.number(at: at) }
        switch byte {
        case ASCII.lowerT: return try scanner.literal("true", at: at)
        case ASCII.lowerF: return try scanner.literal("false", at: at)
        case ASCII.lowerN: return try scanner.literal("null", at: at)
        default: throw JSONError(.unexpectedByte, at: at)
        }
    }

    /// A member's name and colon; returns where its value starts.
    @inline(__always)
    private mutating func name(at start: Int) throws(JSONError) -> Int {
        guard start < scanner.count else { throw JSONError(.unexpectedEnd, at: scanner.count) }
        guard scanner.base[start] == ASCII.quote else { throw JSONError(.unexpectedByte, at: start) }
        let string = try scanner.string(at: start)
        append(start: start, end: string.end, size: string.size)
        tape[count &- 1].link = hash(tape[count &- 1])
        let colon = scanner.skipWhitespace(from: string.end)
        guard colon < scanner.count else { throw JSONError(.unexpectedEnd, at: scanner.count) }
        guard scanner.base[colon] == ASCII.colon else { throw JSONError(.unexpectedByte, at: colon) }
        return scanner.skipWhitespace(from: colon &+ 1)
    }

    @inline(__always)
    private func hash(_ name: TapeEntry) -> UInt32 {
        let first = Int(name.start) &+ 1
        if name.hasEscapes {
            return StringDecoder.withDecoded(name, of: scanner.base) { bytes in
                guard let start = bytes.baseAddress else { return 0 }
                return NameHash.of(start, count: bytes.count, readable: bytes.count)
            }
        }
        return NameHash.of(scanner.base + first, count: Int(name.size), readable: scanner.count &- first)
    }

    @inline(__always)
    private mutating func append(start: Int, end: Int, size: Int) {
        (tape + count).initialize(
            to: TapeEntry(
                start: UInt32(truncatingIfNeeded: start), end: UInt32(truncatingIfNeeded: end),
                link: UInt32(truncatingIfNeeded: count &+ 1), size: UInt32(truncatingIfNeeded: size)))
        count &+= 1
    }

    @inline(__always)
    private mutating func begin(at start: Int) throws(JSONError) {
        guard depth < JSONDocument.depthMax else { throw JSONError(.depthExceeded, at: start) }
        depth &+= 1
        let around = open
        open = count
        append(start: start, end: start, size: 0)
        tape[open].link = UInt32(truncatingIfNeeded: around)
    }

    /// Closes the innermost container; returns whether an object is around it.
    @inline(__always)
    private mutating func end(at end: Int) throws(JSONError) -> Bool {
        let closing = open
        depth &-= 1
        open = Int(Int32(truncatingIfNeeded: tape[closing].link))
        tape[closing].end = UInt32(truncatingIfNeeded: end)
        tape[closing].link = UInt32(truncatingIfNeeded: count)
        if scanner.base[end &- 1] == ASCII.closeBrace,
            let twice = duplicates.find(first: closing &+ 1, count: Int(tape[closing].size))
        {
            throw JSONError(.duplicateName, at: Int(tape[twice].start))
        }
        return depth > 0 && scanner.base[Int(tape[open].start)] == ASCII.openBrace
    }
}
