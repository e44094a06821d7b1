// SPDX-License-Identifier: MIT

extension JSONView {
    /// The decoded text of a string.
    public var string: String? {
        withStringBytes { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether this is a string of exactly these bytes, after decoding.
    public func stringEquals(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { isString(of: $0) }
    }

    /// As ``stringEquals(_:)-(StaticString)``.
    public func stringEquals(_ text: String) -> Bool {
        text.withBytes { isString(of: $0) }
    }

    /// Runs `body` over the decoded UTF-8 bytes of a string; nil, without running it, for another kind.
    public func withStringBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R? {
        guard firstByte == ASCII.quote else { return nil }
        let entry = entry
        return try storage.bytes.withUnsafeBufferPointer { text -> R? in
            guard let base = text.baseAddress else { return nil }
            return try StringDecoder.withDecoded(entry, of: base) { try body(UnsafeRawBufferPointer($0)) }
        }
    }

    /// Whether a text in it, however deep, has the character U+0000. Cheap where nothing is escaped.
    public var hasZero: Bool {
        switch kind {
        case .string: entry.hasEscapes && withStringBytes { $0.contains(0) } == true
        case .array: elements.contains { $0.hasZero }
        case .object: members.contains { $0.name.hasZero || $0.value.hasZero }
        case .null, .bool, .number: false
        }
    }

    func isString(of wanted: UnsafeBufferPointer<UInt8>) -> Bool {
        guard firstByte == ASCII.quote else { return false }
        return storage.bytes.withUnsafeBufferPointer { text in
            guard let base = text.baseAddress else { return false }
            return Self.isSame(entry, of: base, as: wanted)
        }
    }

    @inline(__always)
    static func isSame(
        _ entry: TapeEntry, of base: UnsafePointer<UInt8>, as wanted: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        guard Int(entry.size) == wanted.count else { return false }
        guard let wantedBase = wanted.baseAddress else { return true }
        return StringDecoder.withDecoded(entry, of: base) { bytes in
            guard let bytesBase = bytes.baseAddress else { return true }
            return ByteWords.equal(bytesBase, wantedBase, count: bytes.count)
        }
    }
}
