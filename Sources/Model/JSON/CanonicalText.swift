// SPDX-License-Identifier: MIT

/// Writes a value of a document in the one form that all its spellings share, straight from the tape.
///
/// The form is never longer than the value's own text: it drops whitespace, and each escape it keeps is the shortest.
/// So the output needs no more room than that, and no capacity checks.
struct CanonicalText {
    private let base: UnsafePointer<UInt8>
    private let tape: UnsafePointer<TapeEntry>
    private var next: UnsafeMutablePointer<UInt8>

    private init(
        base: UnsafePointer<UInt8>, tape: UnsafePointer<TapeEntry>, output: UnsafeMutablePointer<UInt8>
    ) {
        self.base = base
        self.tape = tape
        next = output
    }

    static func withText<R>(of view: JSONView, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        let room = view.rawRange.count
        return view.storage.bytes.withUnsafeBufferPointer { text in
            view.storage.tape.withUnsafeBufferPointer { tape in
                withUnsafeTemporaryAllocation(of: UInt8.self, capacity: room) { output in
                    guard let base = text.baseAddress, let entries = tape.baseAddress, let start = output.baseAddress
                    else { preconditionFailure("a value has a text") }
                    var canonical = CanonicalText(base: base, tape: entries, output: start)
                    canonical.append(view.index)
                    let count = canonical.next - start
                    precondition(count <= room, "the canonical form is at most as long as the text")
                    return body(UnsafeBufferPointer(start: start, count: count))
                }
            }
        }
    }

    private mutating func append(_ index: Int) {
        switch base[Int(tape[index].start)] {
        case ASCII.quote: appendString(index)
        case ASCII.openBracket: appendElements(of: index)
        case ASCII.openBrace: appendMembers(of: index)
        default: appendVerbatim(index)
        }
    }

    @inline(__always)
    private mutating func append(byte: UInt8) {
        next.pointee = byte
        next += 1
    }

    @inline(__always)
    private mutating func appendVerbatim(_ index: Int) {
        let (start, end) = (Int(tape[index].start), Int(tape[index].end))
        next.update(from: base + start, count: end &- start)
        next += end &- start
    }

    @inline(__always)
    private mutating func appendString(_ index: Int) {
        // Without escapes the text is already the shortest.
        guard tape[index].hasEscapes else { return appendVerbatim(index) }
        var escaped: [UInt8] = []
        StringDecoder.withDecoded(tape[index], of: base) { EscapedText.append($0, to: &escaped) }
        for byte in escaped { append(byte: byte) }
    }

    private mutating func appendElements(of index: Int) {
        append(byte: ASCII.openBracket)
        var element = index + 1
        for position in 0..<tape[index].size {
            if position > 0 { append(byte: ASCII.comma) }
            append(element)
            element = Int(tape[element].link)
        }
        append(byte: ASCII.closeBracket)
    }

    private mutating func appendMembers(of index: Int) {
        let count = Int(tape[index].size)
        append(byte: ASCII.openBrace)
        withUnsafeTemporaryAllocation(of: Int.self, capacity: count) { buffer in
            var names = buffer
            var name = index + 1
            for position in 0..<count {
                names.initializeElement(at: position, to: name)
                name = Int(tape[name + 1].link)
            }
            names.sort { isBefore($0, $1) }
            for position in 0..<count {
                if position > 0 { append(byte: ASCII.comma) }
                appendString(names[position])
                append(byte: ASCII.colon)
                append(names[position] + 1)
            }
        }
        append(byte: ASCII.closeBrace)
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        StringDecoder.withDecoded(tape[left], of: base) { leftBytes in
            StringDecoder.withDecoded(tape[right], of: base) { ByteWords.less(leftBytes, $0) }
        }
    }
}
