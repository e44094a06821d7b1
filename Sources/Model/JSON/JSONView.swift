// SPDX-License-Identifier: MIT

/// One value of a ``JSONDocument``: a reference to the document and an index. Copying costs one retain.
///
/// Accessors answer nil for a value of another kind. Nothing is decoded or copied before it is asked for.
public struct JSONView: Sendable {
    public enum Kind: Sendable, Hashable { case null, bool, number, string, array, object }

    let storage: JSONStorage
    let index: Int

    @inline(__always)
    init(storage: JSONStorage, index: Int) {
        self.storage = storage
        self.index = index
    }

    @inline(__always)
    var entry: TapeEntry { storage.tape[index] }

    @inline(__always)
    var firstByte: UInt8 { storage.bytes[Int(entry.start)] }

    public var kind: Kind {
        switch firstByte {
        case ASCII.quote: .string
        case ASCII.openBrace: .object
        case ASCII.openBracket: .array
        case ASCII.lowerN: .null
        case ASCII.lowerT, ASCII.lowerF: .bool
        default: .number
        }
    }

    public var isNull: Bool { firstByte == ASCII.lowerN }

    public var bool: Bool? {
        switch firstByte {
        case ASCII.lowerT: true
        case ASCII.lowerF: false
        default: nil
        }
    }

    /// An integer without fraction or exponent, within range; `-0` is 0. `1.0` and `1e2` are nil.
    public var int64: Int64? {
        guard kind == .number else { return nil }
        return NumberText.int64(rawBytes)
    }

    /// The nearest double of any number; nil where that would be infinite.
    public var double: Double? {
        guard kind == .number else { return nil }
        return NumberText.double(rawBytes)
    }

    /// A number as it stood in the text.
    public var numberText: String? {
        guard kind == .number else { return nil }
        return String(decoding: rawBytes, as: UTF8.self)
    }

    /// Members of an object, elements of an array, otherwise 0.
    public var count: Int { isContainer ? Int(entry.size) : 0 }

    @inline(__always)
    var isContainer: Bool { firstByte | 0x20 == ASCII.openBrace }

    /// The value's own text in the document's bytes, without whitespace around it.
    public var rawRange: Range<Int> { Int(entry.start)..<Int(entry.end) }

    public var rawBytes: ArraySlice<UInt8> { storage.bytes[rawRange] }

    /// Where the value starts in the document's bytes.
    public var offset: Int { Int(entry.start) }
}
