// SPDX-License-Identifier: MIT

extension JSONValue {
    /// Bytes as `{"$bytes": "<base64>"}`.
    public static func bytes(_ value: some Collection<UInt8>) -> JSONValue {
        ["$bytes": .string(Base64.encode(value))]
    }

    /// The bytes of an object with the single member `$bytes`; nil for everything else, wrong base64 included.
    public var bytesValue: [UInt8]? {
        guard let object, object.count == 1 else { return nil }
        return object["$bytes"]?.string.flatMap(Base64.decode)
    }
}

extension JSONView {
    /// The bytes of an object with the single member `$bytes`; nil for everything else, wrong base64 included.
    public var bytesValue: [UInt8]? {
        guard count == 1, let text = self["$bytes"] else { return nil }
        return text.withStringBytes { Base64.decode($0) } ?? nil
    }
}
