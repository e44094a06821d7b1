// SPDX-License-Identifier: MIT
public import JSON

/// One column's part of a record's id.
enum RecordKeyComponent {
    /// Of a string, a number as it is written, `true` or `false`, base64 of bytes; not yet encoded.
    case text(String)
    /// To an id that the database assigns.
    case reference(Reference)

    /// Nil for null, arrays, other objects, and references whose value only a step of the same transaction finds.
    init?(_ view: JSONView) {
        if let reference = Reference(view) {
            self.init(reference)
        } else if let text = view.string ?? view.numberText ?? view.bool.map(String.init)
            ?? view.bytesValue.map(Base64.encode)
        {
            self = .text(text)
        } else {
            return nil
        }
    }

    /// Nil as for a view.
    init?(_ value: JSONValue) {
        if let reference = Reference(value) {
            self.init(reference)
        } else if let text = value.string ?? value.number?.text ?? value.bool.map(String.init)
            ?? value.bytesValue.map(Base64.encode)
        {
            self = .text(text)
        } else {
            return nil
        }
    }

    private init?(_ reference: Reference) {
        guard reference.namesAssignedID else { return nil }
        self = .reference(reference)
    }

    func encoded(composite: Bool) -> String {
        switch self {
        case .text(let text): RecordKey.encoded(text, composite: composite)
        // No comma may stand in it: it tells a composite from a single reference.
        case .reference(let reference): ":" + RecordKey.encoded(reference.text, composite: true)
        }
    }
}

extension RecordKey {
    /// The encoded id of these components, in key order; nil when there is none, or one is none.
    static func joined(_ components: [RecordKeyComponent?], composite: Bool) -> String? {
        var parts: [String] = []
        for component in components {
            guard let component else { return nil }
            parts.append(component.encoded(composite: composite))
        }
        return joined(parts)
    }

    private static func joined(_ parts: [String]) -> String? {
        guard parts.count > 1 else { return parts.first }
        return (parts.contains(where: isReference) ? ":" : "") + parts.joined(separator: ",")
    }

    /// The encoded components of an id that is named by references; empty for every other id.
    private static func parts(_ encodedID: ByteString) -> [Substring] {
        let text = encodedID.string
        guard isReference(text), text != ":any" else { return [] }
        guard text.utf8.contains(UInt8(ascii: ",")) else { return [Substring(text)] }
        return text.dropFirst().split(separator: ",", omittingEmptySubsequences: false)
    }

    /// The references by which an encoded id is named; empty for one whose columns are all known.
    public static func references(in encodedID: ByteString) -> [Reference] {
        parts(encodedID).compactMap { isReference($0) ? Reference(text: String($0.dropFirst())) : nil }
    }

    /// An encoded id that is named by references, as it is with the ids of those that `id` knows. Nil when it knows none.
    public static func resolved(_ encodedID: ByteString, _ id: (Reference) -> JSONValue?) -> ByteString? {
        let parts = parts(encodedID)
        var isChanged = false
        let resolved = parts.map { part in
            guard isReference(part), let reference = Reference(text: String(part.dropFirst())),
                let component = id(reference).flatMap({ RecordKeyComponent($0) })
            else { return String(part) }
            isChanged = true
            return component.encoded(composite: parts.count > 1)
        }
        return isChanged ? joined(resolved).map { ByteString($0) } : nil
    }

    /// The columns of the id that are, or may once have been, ids which the database assigns: references and integers.
    var assignableCount: Int {
        Self.parts(encodedID).count { Self.isReference($0) || Int64($0) != nil }
    }

    private static func isReference(_ part: some StringProtocol) -> Bool { part.utf8.first == UInt8(ascii: ":") }
}
