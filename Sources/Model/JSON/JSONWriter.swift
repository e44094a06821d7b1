// SPDX-License-Identifier: MIT

/// Appends compact JSON to `bytes`; commas and colons are its business.
///
/// Misuse is a precondition failure: a value without a name in an object, a name elsewhere, an end that does not match,
/// a second value at the top. Not checked: that an object's names differ. There is no depth limit, so that no client's
/// value can stop the process; but a parser reads ``JSONDocument/depthMax`` levels.
public struct JSONWriter: Sendable {
    /// What was written so far. Bytes put in front before the first value stay there.
    public var bytes: [UInt8]
    private var scopes = ScopeStack()
    private var needsComma = false
    private var hasName = false

    public init(capacity: Int = 256) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Whether exactly one value stands complete.
    public var isComplete: Bool { scopes.isEmpty && needsComma }

    /// Empties `bytes`, keeps their capacity, and starts anew.
    public mutating func reset() {
        bytes.removeAll(keepingCapacity: true)
        scopes = ScopeStack()
        needsComma = false
        hasName = false
    }

    public mutating func beginObject() { begin(ASCII.openBrace, isObject: true) }

    public mutating func endObject() { end(ASCII.closeBrace, isObject: true) }

    public mutating func beginArray() { begin(ASCII.openBracket, isObject: false) }

    public mutating func endArray() { end(ASCII.closeBracket, isObject: false) }

    /// A name that needs no escapes.
    public mutating func name(_ name: StaticString) {
        let needsComma = beforeName()
        name.withUTF8Buffer { EscapedText.appendPlainName($0, to: &bytes, needsComma: needsComma) }
    }

    public mutating func name(_ name: String) {
        let needsComma = beforeName()
        name.withBytes { EscapedText.appendName($0, to: &bytes, needsComma: needsComma) }
    }

    /// A member's name as decoded from a document; the view must be a string.
    public mutating func name(_ name: JSONView) {
        if beforeName() { bytes.append(ASCII.comma) }
        appendString(name)
        bytes.append(ASCII.colon)
    }

    public mutating func string(_ value: String) {
        beforeValue()
        value.withBytes { EscapedText.append($0, to: &bytes) }
    }

    public mutating func string(_ value: StaticString) {
        beforeValue()
        value.withUTF8Buffer { EscapedText.append($0, to: &bytes) }
    }

    /// A string of a document, with the fewest escapes; the view must be a string. `raw` keeps its text instead.
    public mutating func string(_ view: JSONView) {
        beforeValue()
        appendString(view)
    }

    public mutating func int(_ value: Int64) {
        beforeValue()
        DecimalText.append(value, to: &bytes)
    }

    public mutating func bool(_ value: Bool) {
        beforeValue()
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    public mutating func null() {
        beforeValue()
        bytes.append(contentsOf: "null".utf8)
    }

    public mutating func number(_ value: JSONNumber) {
        beforeValue()
        bytes.append(contentsOf: value.text.utf8)
    }

    /// One value's text, verbatim. It must be valid JSON; that is not checked.
    public mutating func raw(_ text: some Collection<UInt8>) {
        beforeValue()
        bytes.append(contentsOf: text)
    }

    /// As ``raw(_:)-(Collection)``, without the cost of a generic call from another module.
    public mutating func raw(_ text: [UInt8]) {
        beforeValue()
        bytes.append(contentsOf: text)
    }

    /// A value of a document, its text verbatim.
    public mutating func raw(_ view: JSONView) {
        beforeValue()
        bytes.append(contentsOf: view.rawBytes)
    }

    /// The value whose text stands at `range` of `bytes`, once more.
    public mutating func raw(at range: Range<Int>) {
        beforeValue()
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: range.count) { text in
            _ = text.initialize(fromContentsOf: bytes[range])
            bytes.append(contentsOf: UnsafeBufferPointer(text))
        }
    }

    private mutating func appendString(_ view: JSONView) {
        precondition(view.kind == .string, "only a string's view can be written as a string")
        if view.entry.hasEscapes {
            view.withStringBytes { EscapedText.append($0.bindMemory(to: UInt8.self), to: &bytes) }
        } else {
            bytes.append(contentsOf: view.rawBytes)
        }
    }

    private mutating func begin(_ bracket: UInt8, isObject: Bool) {
        beforeValue()
        bytes.append(bracket)
        scopes.push(isObject: isObject)
        needsComma = false
    }

    private mutating func end(_ bracket: UInt8, isObject: Bool) {
        precondition(!scopes.isEmpty && scopes.isObject == isObject, "an end belongs to the innermost open begin")
        precondition(!hasName, "a name is followed by its value")
        scopes.pop()
        bytes.append(bracket)
        needsComma = true
    }

    /// Whether a comma stands before the name.
    @inline(__always)
    private mutating func beforeName() -> Bool {
        precondition(!scopes.isEmpty && scopes.isObject && !hasName, "a name belongs into an object, before a value")
        hasName = true
        return needsComma
    }

    @inline(__always)
    mutating func beforeValue() {
        if hasName {
            hasName = false
        } else {
            precondition(scopes.isEmpty || !scopes.isObject, "a value in an object follows its name")
            precondition(!scopes.isEmpty || !needsComma, "one text is one value")
            if needsComma { bytes.append(ASCII.comma) }
        }
        needsComma = true
    }
}
