// SPDX-License-Identifier: MIT

extension JSONView {
    /// An owned copy that no longer holds the document.
    public func value() -> JSONValue {
        switch kind {
        case .null: .null
        case .bool: .bool(firstByte == ASCII.lowerT)
        case .number: .number(JSONNumber(checked: String(decoding: rawBytes, as: UTF8.self)))
        case .string: .string(string ?? "")
        case .array: .array(elements.map { $0.value() })
        case .object: .object(JSONObject(distinct: members.map { ($0.name.string ?? "", $0.value.value()) }))
        }
    }
}
