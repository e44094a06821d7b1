// SPDX-License-Identifier: MIT

/// Finds where tokens end, and refuses those that break the grammar.
///
/// Each method takes the offset where its token starts and returns the offset behind it.
struct TextScanner {
    let base: UnsafePointer<UInt8>
    let count: Int

    @inline(__always)
    func skipWhitespace(from start: Int) -> Int {
        var at = start
        while at < count, base[at] <= 0x20, ASCII.isWhitespace(base[at]) { at &+= 1 }
        return at
    }

    func literal(_ text: StaticString, at start: Int) throws(JSONError) -> Int {
        for index in 1..<text.utf8CodeUnitCount {
            guard start + index < count else { throw JSONError(.unexpectedEnd, at: count) }
            guard base[start + index] == text.utf8Start[index] else {
                throw JSONError(.unexpectedByte, at: start + index)
            }
        }
        return start + text.utf8CodeUnitCount
    }

    func number(at start: Int) throws(JSONError) -> Int {
        var at = start
        if base[at] == ASCII.minus { at &+= 1 }
        let first = at
        at = try digits(from: at)
        if base[first] == ASCII.zero, at > first + 1 { throw JSONError(.invalidNumber, at: first + 1) }
        if at < count, base[at] == ASCII.dot { at = try digits(from: at + 1) }
        if at < count, base[at] | 0x20 == 0x65 {
            at &+= 1
            if at < count, base[at] == 0x2B || base[at] == ASCII.minus { at &+= 1 }
            at = try digits(from: at)
        }
        return at
    }

    /// One digit or more.
    @inline(__always)
    private func digits(from start: Int) throws(JSONError) -> Int {
        guard start < count else { throw JSONError(.unexpectedEnd, at: count) }
        var at = start
        while at < count, ASCII.isDigit(base[at]) { at &+= 1 }
        guard at > start else { throw JSONError(.invalidNumber, at: at) }
        return at
    }
}
