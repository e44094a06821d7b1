// SPDX-License-Identifier: MIT
public import Keyspace

/// Names one object: a kind and an id, and with them its keys.
///
/// | key | type | |
/// |---|---|---|
/// | `object:{kind}:{id}` | hash | the object's fields |
/// | `object_unique:{kind}:{field}` | hash | value -> id of the object that has it |
/// | `object_unique_fields:{kind}` | set | the fields that were ever declared unique |
///
/// In kinds, ids and fields `%`, `:`, `{` and `}` are percent-encoded.
public struct ObjectKey: Sendable, Hashable {
    public let kind: [UInt8]
    public let id: [UInt8]

    public init(_ kind: any CommandArgument, _ id: any CommandArgument) {
        self.kind = kind.commandBytes
        self.id = id.commandBytes
    }

    /// `object:{kind}:{id}`
    public var hash: [UInt8] { Self.join("object:", kind, id) }

    /// `object_unique_fields:{kind}`
    public var uniqueFields: [UInt8] { Self.join("object_unique_fields:", kind) }

    /// `object_unique:{kind}:{field}`
    public func uniqueIndex(of field: [UInt8]) -> [UInt8] { Self.join("object_unique:", kind, field) }

    private static func join(_ prefix: StaticString, _ parts: [UInt8]...) -> [UInt8] {
        var key = Array(prefix.description.utf8)
        for (position, part) in parts.enumerated() {
            if position > 0 { key.append(UInt8(ascii: ":")) }
            for byte in part { encode(byte, into: &key) }
        }
        return key
    }

    private static func encode(_ byte: UInt8, into key: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "%"), UInt8(ascii: ":"), UInt8(ascii: "{"), UInt8(ascii: "}"):
            let digits = Array("0123456789ABCDEF".utf8)
            key += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        default: key.append(byte)
        }
    }
}
