// SPDX-License-Identifier: MIT

/// Why a text was refused, and where; never what it contained.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// The text ends inside a value, or is empty.
        case unexpectedEnd
        /// A byte that cannot stand here: a missing comma, a trailing comma, an unknown literal, a comment.
        case unexpectedByte
        /// A number outside RFC 8259's grammar: a leading zero, a bare point, an empty exponent.
        case invalidNumber
        /// A backslash followed by something other than an escape; the offset is the backslash.
        case invalidEscape
        /// An escaped surrogate without its other half; the offset is its backslash.
        case loneSurrogate
        /// Overlong, truncated, surrogate or beyond U+10FFFF; the offset is the sequence's first byte.
        case invalidUTF8
        /// A byte below 0x20 inside a string.
        case controlCharacter
        /// A name that its object already has, compared after decoding; the offset is the later name.
        ///
        /// Names are compared when the object ends, so an error inside it is reported before this one.
        case duplicateName
        /// The text starts with a byte order mark.
        case byteOrderMark
        /// More than ``JSONDocument/depthMax`` arrays and objects around one another.
        case depthExceeded
        /// Something other than whitespace follows the value.
        case trailingBytes
        /// The text is longer than ``JSONDocument/bytesMax``; the offset is that limit.
        case tooLarge
    }

    public let code: Code
    /// The byte at which the text went wrong, counted from 0.
    public let offset: Int

    public init(_ code: Code, at offset: Int) {
        self.code = code
        self.offset = offset
    }

    public var description: String { "\(code.reason) at byte \(offset)" }
}

extension JSONError.Code {
    fileprivate var reason: String {
        switch self {
        case .unexpectedEnd: "the text ends too early"
        case .unexpectedByte: "unexpected byte"
        case .invalidNumber: "invalid number"
        case .invalidEscape: "invalid escape"
        case .loneSurrogate: "surrogate without its other half"
        case .invalidUTF8: "invalid UTF-8"
        case .controlCharacter: "unescaped control character in a string"
        case .duplicateName: "name occurs twice in its object"
        case .byteOrderMark: "byte order mark"
        case .depthExceeded: "more than \(JSONDocument.depthMax) levels"
        case .trailingBytes: "bytes after the value"
        case .tooLarge: "text longer than \(JSONDocument.bytesMax) bytes"
        }
    }
}
