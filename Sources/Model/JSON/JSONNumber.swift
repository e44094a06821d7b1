// SPDX-License-Identifier: MIT

/// A number as its text, so that nothing is lost. Two are equal when their texts are: `1` is not `1.0`.
public struct JSONNumber: Sendable, Hashable, CustomStringConvertible {
    public let text: String

    public init(_ value: Int64) {
        text = String(value)
    }

    /// The shortest text that reads back as this double: `1.0` for 1. The double must be finite.
    // Disfavoured, so that the literal in `JSONNumber(1)` is an integer.
    @_disfavoredOverload
    public init(_ value: Double) {
        precondition(value.isFinite, "JSON has no infinity and no NaN")
        text = value.description
    }

    /// Nil unless the text is a number of RFC 8259 and nothing else.
    public init?(text: String) {
        guard NumberText.isNumber(text) else { return nil }
        self.text = text
    }

    init(checked text: String) {
        self.text = text
    }

    /// An integer without fraction or exponent, within range; `1.0` and `1e2` are nil.
    public var int64: Int64? { NumberText.int64(text.utf8) }

    /// The nearest double; nil where that would be infinite.
    public var double: Double? { NumberText.double(text.utf8) }

    public var description: String { text }
}
