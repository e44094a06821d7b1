// SPDX-License-Identifier: MIT
import Glibc
public import JSON

/// `{"$ref": "step.column"}`, `{"$ref": "step[2].column"}` for a row of a bulk step, and with
/// `{"$ref": "transaction#step.id"}` for an id that the database assigned in another transaction.
public struct Reference: Sendable, Hashable {
    /// Nil: a step of the same transaction.
    public var transactionID: TransactionID?
    public var step: String
    /// Nil: the step's only row.
    public var row: Int?
    /// `id` is the record's primary key, whatever its column is called.
    public var column: String

    /// Nil unless the value is an object whose only member is `$ref` with a text of the right form.
    public init?(_ view: JSONView) {
        guard view.kind == .object, view.count == 1, let text = view["$ref"]?.string else { return nil }
        self.init(text: text)
    }

    /// The same of a value.
    public init?(_ value: JSONValue) {
        guard case .object(let object) = value, object.count == 1, let text = object["$ref"]?.string else { return nil }
        self.init(text: text)
    }

    public init?(text: String) {
        var rest = Substring(text)
        if let mark = rest.firstIndex(of: "#") {
            guard let id = TransactionID(String(rest[..<mark])) else { return nil }
            transactionID = id
            rest = rest[rest.index(after: mark)...]
        }
        guard let dot = rest.firstIndex(of: ".") else { return nil }
        column = String(rest[rest.index(after: dot)...])
        var name = rest[..<dot]
        if name.last == "]", let open = name.firstIndex(of: "[") {
            guard let number = Int(name[name.index(after: open)...].dropLast()), number >= 0 else { return nil }
            row = number
            name = name[..<open]
        }
        step = String(name)
        guard !column.isEmpty, StepRule.isValidID(step) else { return nil }
    }

    /// False: there is no reference anywhere in the value, which two looks at its bytes tell. True: there may be one.
    public static func mayOccur(in view: JSONView) -> Bool {
        view.rawBytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return false }
            // A name may be written with escapes.
            return memchr(start, Int32(UInt8(ascii: "$")), bytes.count) != nil
                || memchr(start, Int32(UInt8(ascii: "\\")), bytes.count) != nil
        }
    }

    public var text: String {
        (transactionID.map { $0.string + "#" } ?? "") + step + (row.map { "[\($0)]" } ?? "") + "." + column
    }

    /// The reference to an assigned id, as receipts give it.
    public static func text(transaction: TransactionID, step: String, row: Int?) -> String {
        "\(transaction.string)#\(step)\(row.map { "[\($0)]" } ?? "").id"
    }
}

/// The rule for `step_id`: 1 to 64 bytes of `[A-Za-z0-9_-]`.
public enum StepRule {
    public static func isValidID(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 64
            && text.utf8.allSatisfy { TransactionID.allows($0) && $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "~") }
    }
}
