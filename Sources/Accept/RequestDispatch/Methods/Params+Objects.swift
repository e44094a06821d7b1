// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import ReentrantTransactions
import TransactionModel
import WireProtocol

/// The parameters that the methods of `object.*` share.
extension Params {
    static let objectKindBytesMax = 128
    static let objectIDBytesMax = 512
    static let objectFieldsMax = 1000
    static let uniqueFieldsMax = 16

    /// `kind`, a string, and `id`, a string or an integer.
    func objectKey() throws(WireError) -> ObjectKey {
        let kind = try requiredString("kind")
        guard (1...Self.objectKindBytesMax).contains(kind.utf8.count) else {
            throw Self.wrong("kind", "1 to \(Self.objectKindBytesMax) bytes long")
        }
        let view = try required("id")
        guard let id = view.string ?? view.int64.map({ String($0) }),
            (1...Self.objectIDBytesMax).contains(id.utf8.count)
        else { throw Self.wrong("id", "a string of 1 to \(Self.objectIDBytesMax) bytes, or an integer") }
        return ObjectKey(kind, id)
    }

    /// `fields {name: string | number | $bytes | null}`
    func objectFields() throws(WireError) -> ObjectFields {
        let view = try required("fields")
        guard view.kind == .object, view.count <= Self.objectFieldsMax else {
            throw Self.wrong("fields", "an object of at most \(Self.objectFieldsMax) members")
        }
        var fields: [ObjectFields.Field] = []
        for (name, value) in view.members {
            let name = name.string ?? ""
            let argument = value.argument
            guard value.isNull || argument != nil else {
                throw WireError(
                    .invalidParams, "A field is a string, a number, {\"$bytes\"}, or null to remove it.",
                    path: "fields.\(name)")
            }
            fields.append(.init(name, argument))
        }
        return ObjectFields(fields)
    }

    /// `unique [field]`
    func uniqueFields() throws(WireError) -> [String] {
        var names: [String] = []
        for (index, element) in (try array("unique", countMax: Self.uniqueFieldsMax) ?? []).enumerated() {
            guard let name = element.string else {
                throw WireError(.invalidParams, "unique holds names of fields.", path: "unique[\(index)]")
            }
            names.append(name)
        }
        return names
    }

    /// `transaction_id`: makes the request repeatable. Its content is everything it says, `_meta` excepted.
    func objectRequest(_ method: String) throws(WireError) -> ObjectRequestID? {
        guard self["transaction_id"] != nil else { return nil }
        let id = try transactionID()
        let text = json(capacity: 512) { writer in
            writer.beginArray()
            writer.string(method)
            for name: StaticString in ["kind", "id", "fields", "unique"] {
                if let value = self[name] { writer.canonical(value) } else { writer.null() }
            }
            writer.endArray()
        }
        return ObjectRequestID(id.string, content: SHA256.hash(text).hexadecimal)
    }
}
