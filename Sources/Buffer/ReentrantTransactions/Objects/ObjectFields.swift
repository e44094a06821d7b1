// SPDX-License-Identifier: MIT
public import Keyspace

/// The fields of an object, or those that a write changes: texts, numbers and bytes, all of them bytes in the store.
///
///     ["email": "test@example.com", "visits": 3, "nickname": nil]
///
/// A field that is nil is removed by the write.
public struct ObjectFields: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    public struct Field: Sendable, Hashable {
        public var name: [UInt8]
        /// Nil: the write removes the field.
        public var value: [UInt8]?

        public init(_ name: any CommandArgument, _ value: (any CommandArgument)?) {
            self.name = name.commandBytes
            self.value = value?.commandBytes
        }
    }

    /// In the order in which they were given, or the store keeps them.
    public private(set) var all: [Field]

    /// Of two fields of one name the later counts.
    public init(_ fields: [Field] = []) {
        var positions: [[UInt8]: Int] = [:]
        all = []
        for field in fields {
            if let position = positions[field.name] {
                all[position] = field
            } else {
                positions[field.name] = all.count
                all.append(field)
            }
        }
    }

    public init(dictionaryLiteral elements: (String, (any CommandArgument)?)...) {
        self.init(elements.map { Field($0, $1) })
    }

    /// The value of a field; nil when there is no such field, or it is to be removed.
    public subscript(name: String) -> [UInt8]? { change(of: Array(name.utf8)) ?? nil }

    /// The value as text; nil also where it is no UTF-8.
    public func text(_ name: String) -> String? { self[name].flatMap { String(validating: $0, as: UTF8.self) } }

    /// Nil: the field is not mentioned. `.some(nil)`: it is to be removed.
    func change(of name: [UInt8]) -> [UInt8]?? { all.first { $0.name == name }.map(\.value) }

    /// The reply of HGETALL; nil when there is no such hash.
    public init?(_ reply: Reply) {
        guard case .array(let parts) = reply, !parts.isEmpty, parts.count.isMultiple(of: 2) else { return nil }
        var fields: [Field] = []
        for position in stride(from: 0, to: parts.count, by: 2) {
            guard case .bulk(let name) = parts[position], case .bulk(let value) = parts[position + 1] else {
                return nil
            }
            fields.append(Field(name, value))
        }
        all = fields
    }
}
