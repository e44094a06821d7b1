// SPDX-License-Identifier: MIT

/// One value or member name of a parsed text.
///
/// Entries stand in text order: a container before its contents, a name directly before its value. The kind is not
/// stored; the byte at `start` tells it.
struct TapeEntry: Sendable {
    /// Offset of the first byte, an opening quote or bracket included.
    var start: UInt32
    /// Offset behind the last byte.
    var end: UInt32
    /// Of a value: index of the entry behind it and all it contains. Of a member name: its `NameHash`.
    ///
    /// While a container is open: the index of the container around it, so the parser needs no stack of its own.
    var link: UInt32
    /// Of a string: decoded bytes. Of a container: members or elements. Otherwise 0.
    var size: UInt32
}

extension TapeEntry {
    /// Escapes are longer than what they stand for, so a string has one exactly when the two lengths differ.
    @inline(__always)
    var hasEscapes: Bool { end &- start &- 2 != size }

    /// The most entries that a text can need.
    ///
    /// Each entry but the root's follows a bracket, comma or colon of its own; those inside strings only make the
    /// bound loose. Knowing it first lets the parser write without checking capacity.
    static func countMax(of text: UnsafeBufferPointer<UInt8>) -> Int {
        guard let base = text.baseAddress else { return 1 }
        var total = 1
        var at = 0
        while at &+ 8 <= text.count {
            var sums: UInt64 = 0
            // A byte of `sums` gains at most one per round: 255 rounds cannot overflow it.
            let stop = min(text.count &- 7, at &+ 8 &* 255)
            while at < stop {
                sums &+= ByteWords.structurals(ByteWords.load(base + at)) >> 7
                at &+= 8
            }
            total &+= ByteWords.sumOfBytes(sums)
        }
        while at < text.count {
            let byte = text[at]
            if byte | 0x20 == ASCII.openBrace || byte == ASCII.comma || byte == ASCII.colon { total &+= 1 }
            at &+= 1
        }
        return total
    }
}
