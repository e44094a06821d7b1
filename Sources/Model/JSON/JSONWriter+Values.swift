// SPDX-License-Identifier: MIT

extension JSONWriter {
    public mutating func value(_ value: JSONValue) {
        switch value {
        case .null: null()
        case .bool(let value): bool(value)
        case .number(let value): number(value)
        case .string(let value): string(value)
        case .array(let elements):
            beginArray()
            for element in elements { self.value(element) }
            endArray()
        case .object(let object):
            beginObject()
            for member in object {
                name(member.name)
                self.value(member.value)
            }
            endObject()
        }
    }

    /// A value's ``JSONView/withCanonicalText(_:)``.
    public mutating func canonical(_ view: JSONView) {
        beforeValue()
        view.withCanonicalText { bytes.append(contentsOf: $0) }
    }

    /// Bytes as `{"$bytes": "<base64>"}`.
    public mutating func bytesObject(_ value: some Collection<UInt8>) {
        beginObject()
        member("$bytes", Base64.encode(value))
        endObject()
    }

    public mutating func member(_ name: StaticString, _ value: String) {
        self.name(name)
        string(value)
    }

    public mutating func member(_ name: StaticString, _ value: Int64) {
        self.name(name)
        int(value)
    }

    public mutating func member(_ name: StaticString, _ value: Bool) {
        self.name(name)
        bool(value)
    }

    // Disfavoured, because every literal is a JSONValue too.
    @_disfavoredOverload
    public mutating func member(_ name: StaticString, _ value: JSONValue) {
        self.name(name)
        self.value(value)
    }

    /// The view's text, verbatim.
    public mutating func member(_ name: StaticString, _ value: JSONView) {
        self.name(name)
        raw(value)
    }
}

extension JSONView {
    /// Runs `body` over the value in the one form that all its spellings share: members sorted by the bytes of their
    /// names, strings with the fewest escapes, no whitespace, numbers as they stood.
    public func withCanonicalText<R>(_ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        CanonicalText.withText(of: self, body)
    }
}
