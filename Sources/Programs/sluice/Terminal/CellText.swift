// SPDX-License-Identifier: MIT
import JSON

/// A value as one line for people. Control characters are shown, not sent: data must not steer a terminal.
enum CellText {
    static func of(_ value: JSONValue?) -> String {
        switch value {
        case nil: ""
        case .null?: "-"
        case .bool(let value)?: value ? "true" : "false"
        case .number(let number)?: number.text
        case .string(let text)?: safe(text)
        case .array?, .object?: safe(String(decoding: value?.bytes ?? [], as: UTF8.self))
        }
    }

    static func safe(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if isUnsafe(scalar) {
                result += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// C0, DEL, C1, and the marks that turn the direction of text.
    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0...0x1f, 0x7f...0x9f, 0x202a...0x202e, 0x2066...0x2069: true
        default: false
        }
    }
}
