// SPDX-License-Identifier: MIT
#if Postgres
import JSON
import TransactionModel

/// Arrays in PostgreSQL's text form: `{1,NULL,"a b"}`.
enum ArrayText {
    /// Every element quoted, so that none can be taken for `NULL` or for syntax.
    static func write(_ elements: [String?]) -> String {
        var result: [UInt8] = [UInt8(ascii: "{")]
        for (index, element) in elements.enumerated() {
            if index > 0 { result.append(UInt8(ascii: ",")) }
            guard let element else {
                result += "NULL".utf8
                continue
            }
            result.append(UInt8(ascii: "\""))
            for byte in element.utf8 {
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { result.append(UInt8(ascii: "\\")) }
                result.append(byte)
            }
            result.append(UInt8(ascii: "\""))
        }
        result.append(UInt8(ascii: "}"))
        return String(decoding: result, as: UTF8.self)
    }

    /// Nested for more than one dimension; nil when it is no array.
    static func read(_ text: String, as element: ColumnType) -> JSONValue? {
        var bytes = Array(text.utf8)[...]
        // Bounds that don't begin at 1 stand before the elements: `[0:1]={1,2}`.
        if bytes.first == UInt8(ascii: "[") { bytes = bytes.drop { $0 != UInt8(ascii: "{") } }
        let list = list(&bytes, element)
        return bytes.isEmpty ? list : nil
    }

    private static func list(_ bytes: inout ArraySlice<UInt8>, _ element: ColumnType) -> JSONValue? {
        guard bytes.popFirst() == UInt8(ascii: "{") else { return nil }
        var result: [JSONValue] = []
        if bytes.first == UInt8(ascii: "}") {
            bytes = bytes.dropFirst()
            return .array(result)
        }
        while true {
            if bytes.first == UInt8(ascii: "{") {
                guard let inner = list(&bytes, element) else { return nil }
                result.append(inner)
            } else {
                result.append(item(&bytes, element))
            }
            switch bytes.popFirst() {
            case UInt8(ascii: ","): continue
            case UInt8(ascii: "}"): return .array(result)
            default: return nil
            }
        }
    }

    private static func item(_ bytes: inout ArraySlice<UInt8>, _ element: ColumnType) -> JSONValue {
        var text: [UInt8] = []
        let isQuoted = bytes.first == UInt8(ascii: "\"")
        if isQuoted { bytes = bytes.dropFirst() }
        while let byte = bytes.first {
            if isQuoted ? byte == UInt8(ascii: "\"") : byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") { break }
            bytes = bytes.dropFirst()
            if byte == UInt8(ascii: "\\"), let escaped = bytes.popFirst() {
                text.append(escaped)
            } else {
                text.append(byte)
            }
        }
        if isQuoted { bytes = bytes.dropFirst() }
        let string = String(decoding: text, as: UTF8.self)
        return !isQuoted && string == "NULL" ? .null : PostgresValue.read(string, as: element)
    }
}
#endif
