// SPDX-License-Identifier: MIT
import JSON

/// One value for people: a line per name and value, names inside names joined by dots.
struct Details {
    private var pairs: [(name: String, text: String)] = []

    init(_ value: JSONValue) {
        add(value, "")
    }

    var lines: [String] {
        let width = pairs.reduce(0) { max($0, $1.name.count) }
        return pairs.map { pair in
            guard !pair.name.isEmpty else { return pair.text }
            return pair.name + String(repeating: " ", count: width - pair.name.count + 2) + pair.text
        }
    }

    private mutating func add(_ value: JSONValue, _ name: String) {
        switch value {
        case .object(let members) where !members.isEmpty:
            for member in members {
                let inner = CellText.safe(member.name)
                add(member.value, name.isEmpty ? inner : name + "." + inner)
            }
        case .array(let elements) where elements.contains { $0.object != nil }:
            for (index, element) in elements.enumerated() { add(element, "\(name)[\(index)]") }
        case .array(let elements) where !elements.isEmpty:
            pairs.append((name, elements.map(CellText.of).joined(separator: ", ")))
        case .null, .bool, .number, .string, .array, .object:
            pairs.append((name, CellText.of(value)))
        }
    }
}
