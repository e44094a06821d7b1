// SPDX-License-Identifier: MIT

/// The form of a type in a cached schema: a word, and after a colon what differs from the widest of its kind.
extension ColumnType {
    public var text: String {
        switch self {
        case .integer(let bits): bits == 64 ? "integer" : "integer:\(bits)"
        case .real(let precision): precision == .double ? "real" : "real:\(precision.rawValue)"
        case .number: "number"
        case .decimal(let precision, let scale):
            precision.map { "decimal:\($0)\(scale.map { ",\($0)" } ?? "")" } ?? "decimal"
        case .text(let form): form == .plain ? "text" : "text:\(form.rawValue)"
        case .blob: "blob"
        case .json(let form): form == .text ? "json" : "json:\(form.rawValue)"
        case .boolean: "boolean"
        case .date: "date"
        case .time(let digits): digits == 6 ? "time" : "time:\(digits)"
        case .timestamp(let digits): digits == 6 ? "timestamp" : "timestamp:\(digits)"
        case .uuid: "uuid"
        case .enumeration(let labels):
            "enum:" + labels.map { RecordKey.encoded($0, composite: true) }.joined(separator: ",")
        case .array(let element): "array:" + element.text
        case .any: "any"
        }
    }

    public init?(text: String) {
        let word = text.prefix { $0 != ":" }
        guard word.utf8.count < text.utf8.count else {
            guard let type = Self.plain[text] else { return nil }
            self = type
            return
        }
        guard let type = Self.detailed(word, text.dropFirst(word.count + 1)) else { return nil }
        self = type
    }

    private static let plain: [String: ColumnType] = [
        "integer": .integer, "real": .real, "number": .number, "decimal": .decimal, "text": .text, "blob": .blob,
        "json": .json, "boolean": .boolean, "date": .date, "time": .time, "timestamp": .timestamp, "uuid": .uuid,
        "any": .any,
    ]

    private static func detailed(_ word: Substring, _ detail: Substring) -> ColumnType? {
        switch word {
        case "integer": return Int(detail).map { .integer(bits: $0) }
        case "real": return Precision(rawValue: String(detail)).map { .real($0) }
        case "decimal":
            let parts = detail.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
            guard let precision = parts[0], parts.count <= 2 else { return nil }
            return .decimal(precision: precision, scale: parts.count == 2 ? parts[1] : nil)
        case "text": return TextForm(rawValue: String(detail)).map { .text($0) }
        case "json": return DocumentForm(rawValue: String(detail)).map { .json($0) }
        case "time": return Int(detail).map { .time(digits: $0) }
        case "timestamp": return Int(detail).map { .timestamp(digits: $0) }
        case "array": return ColumnType(text: String(detail)).map { .array(of: $0) }
        case "enum":
            return .enumeration(detail.split(separator: ",", omittingEmptySubsequences: false).map(percentDecoded))
        default: return nil
        }
    }
}

private func percentDecoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "%"), let high = rest.popFirst().flatMap(UUIDText.hexDigit),
            let low = rest.popFirst().flatMap(UUIDText.hexDigit)
        {
            bytes.append(UInt8(high << 4 | low))
        } else {
            bytes.append(byte)
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}
