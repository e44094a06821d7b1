// SPDX-License-Identifier: MIT
public import JSON

/// Names one record: a model and the encoded id, in the form they have in keys.
public struct RecordKey: Sendable, Hashable, CustomStringConvertible {
    /// As the database has it.
    public let model: ByteString
    /// A scalar's text (base64 of bytes), percent-encoded; a composite's components joined by `,`. What starts with `:` is no
    /// id of a client: ``anyRecord``, a reference to an id that only the database can assign (`:T#s.id`), or a composite that
    /// has such references among its components (`::T#s.id,x`, `:x,:T#s.id`).
    public let encodedID: ByteString

    public init(model: String, encodedID: String) {
        self.model = ByteString(model)
        self.encodedID = ByteString(encodedID)
    }

    /// The key of an id as it stands in a stored step: a string, an integer, a boolean, an object by column (in the order of
    /// the primary key), or a `{"$ref": ...}` to an assigned id, also for a column of such an object. Nil for anything else.
    public init?(model: String, id: JSONView) {
        guard let encoded = Self.encodedID(id) else { return nil }
        self.init(model: model, encodedID: encoded)
    }

    /// The key of a record by the canonical values of its primary key, in key order; where a value is an id that the
    /// database has not assigned yet, by its `{"$ref": ...}`. Nil when one is neither.
    public init?(model: String, key: [JSONValue]) {
        guard let encoded = Self.joined(key.map { RecordKeyComponent($0) }, composite: key.count > 1) else {
            return nil
        }
        self.init(model: model, encodedID: encoded)
    }

    /// `{model}:{id}`
    public var keySuffix: String { Self.encoded(model.string) + ":" + encodedID.string }

    public var description: String { "record of \(model.string)" }

    /// A change whose record is known only when the transaction runs.
    public static func anyRecord(of model: String) -> RecordKey { RecordKey(model: model, encodedID: ":any") }

    public var isAnyRecord: Bool { encodedID.string == ":any" }

    /// The id is a reference, or has one in it; the database assigns it at commit.
    public var isReference: Bool { encodedID.string.utf8.first == UInt8(ascii: ":") && !isAnyRecord }

    /// The record that a step creates under an id which the database assigns.
    public static func assigned(model: String, transaction: TransactionID, step: String, row: Int?) -> RecordKey {
        RecordKey(
            model: model,
            encodedID: ":" + encoded(Reference.text(transaction: transaction, step: step, row: row), composite: true))
    }

    /// Percent-encodes `%`, `:`, `{` and `}`; in a component of a composite id also `,`.
    public static func encoded(_ text: String, composite: Bool = false) -> String {
        var text = text
        let isPlain = text.withUTF8 { bytes in
            for byte in bytes where mustEncode(byte, composite: composite) { return false }
            return true
        }
        if isPlain { return text }
        var result: [UInt8] = []
        for byte in text.utf8 {
            if mustEncode(byte, composite: composite) {
                let digits = Array("0123456789ABCDEF".utf8)
                result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            } else {
                result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func mustEncode(_ byte: UInt8, composite: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: "%"), UInt8(ascii: ":"), UInt8(ascii: "{"), UInt8(ascii: "}"): true
        case UInt8(ascii: ","): composite
        default: false
        }
    }

    private static func encodedID(_ id: JSONView) -> String? {
        if let component = RecordKeyComponent(id) { return joined([component], composite: false) }
        guard id.kind == .object, Reference(id) == nil else { return nil }
        return joined(id.members.map { RecordKeyComponent($0.value) }, composite: true)
    }
}
