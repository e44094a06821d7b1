// SPDX-License-Identifier: MIT

/// Turns the text of a string that the scanner has accepted into the bytes it stands for.
enum StringDecoder {
    /// Runs `body` over the decoded bytes: in place without escapes, else in a temporary buffer.
    @inline(__always)
    static func withDecoded<R, E: Error>(
        _ entry: TapeEntry, of base: UnsafePointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        let first = base + Int(entry.start) + 1
        let size = Int(entry.size)
        guard entry.hasEscapes else { return try body(UnsafeBufferPointer(start: first, count: size)) }
        let raw = UnsafeBufferPointer(start: first, count: Int(entry.end) - Int(entry.start) - 2)
        // The library's function rethrows untyped; the result keeps the type.
        let result = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: size) { buffer -> Result<R, E> in
            decode(raw, into: buffer)
            do throws(E) {
                return .success(try body(UnsafeBufferPointer(buffer)))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// `buffer` has exactly the decoded length.
    private static func decode(_ raw: UnsafeBufferPointer<UInt8>, into buffer: UnsafeMutableBufferPointer<UInt8>) {
        var from = 0
        var to = 0
        while from < raw.count {
            let byte = raw[from]
            guard byte == ASCII.backslash else {
                buffer[to] = byte
                from += 1
                to += 1
                continue
            }
            guard raw[from + 1] == ASCII.lowerU else {
                buffer[to] = shortEscape(raw[from + 1])
                from += 2
                to += 1
                continue
            }
            var scalar = hexUnit(raw, at: from + 2)
            from += 6
            if scalar & 0xFC00 == 0xD800 {
                scalar = 0x10000 + ((scalar & 0x3FF) << 10 | hexUnit(raw, at: from + 2) & 0x3FF)
                from += 6
            }
            to = write(scalar, to: buffer, at: to)
        }
        precondition(to == buffer.count, "an accepted string decodes to the length that the scanner counted")
    }

    private static func shortEscape(_ byte: UInt8) -> UInt8 {
        switch byte {
        case ASCII.lowerB: 0x08
        case ASCII.lowerF: 0x0C
        case ASCII.lowerN: 0x0A
        case ASCII.lowerR: 0x0D
        case ASCII.lowerT: 0x09
        default: byte
        }
    }

    private static func hexUnit(_ raw: UnsafeBufferPointer<UInt8>, at start: Int) -> UInt32 {
        var unit: UInt32 = 0
        for at in start..<start + 4 { unit = unit << 4 | (hexDigit(raw[at]) ?? 0) }
        return unit
    }

    @inline(__always)
    static func hexDigit(_ byte: UInt8) -> UInt32? {
        if ASCII.isDigit(byte) { return UInt32(byte &- ASCII.zero) }
        let letter = (byte | 0x20) &- 0x61
        return letter < 6 ? UInt32(letter) &+ 10 : nil
    }

    private static func write(_ scalar: UInt32, to buffer: UnsafeMutableBufferPointer<UInt8>, at start: Int) -> Int {
        func tail(_ shift: UInt32) -> UInt8 { UInt8(0x80 | (scalar >> shift & 0x3F)) }
        switch scalar {
        case 0..<0x80:
            buffer[start] = UInt8(scalar)
            return start + 1
        case 0x80..<0x800:
            buffer[start] = UInt8(0xC0 | scalar >> 6)
            buffer[start + 1] = tail(0)
            return start + 2
        case 0x800..<0x10000:
            buffer[start] = UInt8(0xE0 | scalar >> 12)
            buffer[start + 1] = tail(6)
            buffer[start + 2] = tail(0)
            return start + 3
        default:
            buffer[start] = UInt8(0xF0 | scalar >> 18)
            buffer[start + 1] = tail(12)
            buffer[start + 2] = tail(6)
            buffer[start + 3] = tail(0)
            return start + 4
        }
    }
}
