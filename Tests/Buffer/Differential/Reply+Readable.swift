// SPDX-License-Identifier: MIT
import Keyspace

extension [UInt8] {
    /// As one word of ASCII: other bytes as `\xFF`, nothing as `""`.
    var readable: String {
        if isEmpty { return "\"\"" }
        return map { byte in
            let hexadecimal = String(byte, radix: 16, uppercase: true)
            return (0x21...0x7E).contains(byte)
                ? String(UnicodeScalar(byte)) : "\\x" + (byte < 16 ? "0" : "") + hexadecimal
        }.joined()
    }
}

extension Command {
    var readable: String { arguments.map(\.readable).joined(separator: " ") }
}

extension Reply {
    /// On one line: `(nil)`, `OK`, `1`, `"bulk"`, `[...]`, `ERR ...`.
    var readable: String {
        switch self {
        case .null: "(nil)"
        case .status(let status): status
        case .integer(let value): String(value)
        case .bulk(let bytes): bytes.isEmpty ? "\"\"" : "\"\(bytes.readable)\""
        case .array(let items): "[" + items.map(\.readable).joined(separator: " ") + "]"
        case .error(let error): error.description
        case .accept, .claim, .advance, .release, .overlay, .lease, .adopt: "a procedure's reply"
        }
    }
}

extension Outcome {
    var readable: String {
        switch self {
        case .replies(let replies), .execution(.executed(let replies)): "\(replies.count) replies"
        case .execution(.aborted): "aborted"
        case .execution(.refused(let index, let error)): "refused at \(index): \(error)"
        case .done: "done"
        }
    }
}
