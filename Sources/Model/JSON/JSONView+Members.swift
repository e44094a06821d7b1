// SPDX-License-Identifier: MIT

extension JSONView {
    /// The member of this byte-equal name; nil if there is none or this is no object. Linear in the members.
    public subscript(_ name: StaticString) -> JSONView? {
        name.withUTF8Buffer { member($0) }
    }

    /// The member of this name, compared by UTF-8 bytes; nil if there is none or this is no object.
    public func member(_ name: String) -> JSONView? {
        var name = name
        return name.withUTF8 { member($0) }
    }

    private func member(_ name: UnsafeBufferPointer<UInt8>) -> JSONView? {
        guard firstByte == ASCII.openBrace else { return nil }
        let found = storage.bytes.withUnsafeBufferPointer { text -> Int? in
            guard let base = text.baseAddress else { return nil }
            return storage.tape.withUnsafeBufferPointer { tape in
                var at = index + 1
                for _ in 0..<tape[index].size {
                    if Self.isSame(tape[at], of: base, as: name) { return at + 1 }
                    at = Int(tape[at + 1].link)
                }
                return nil
            }
        }
        return found.map { JSONView(storage: storage, index: $0) }
    }

    /// The members in text order; empty if this is no object.
    public var members: Members { Members(storage: storage, index: index + 1, left: kind == .object ? count : 0) }

    /// The elements in text order; empty if this is no array.
    public var elements: Elements { Elements(storage: storage, index: index + 1, left: kind == .array ? count : 0) }

    /// Pairs of a name (a string view) and its value.
    public struct Members: Sequence, IteratorProtocol, Sendable {
        let storage: JSONStorage
        var index: Int
        var left: Int

        public var underestimatedCount: Int { left }

        public mutating func next() -> (name: JSONView, value: JSONView)? {
            guard left > 0 else { return nil }
            left -= 1
            let name = JSONView(storage: storage, index: index)
            let value = JSONView(storage: storage, index: index + 1)
            index = Int(value.entry.link)
            return (name, value)
        }
    }

    public struct Elements: Sequence, IteratorProtocol, Sendable {
        let storage: JSONStorage
        var index: Int
        var left: Int

        public var underestimatedCount: Int { left }

        public mutating func next() -> JSONView? {
            guard left > 0 else { return nil }
            left -= 1
            let element = JSONView(storage: storage, index: index)
            index = Int(element.entry.link)
            return element
        }
    }
}
