// SPDX-License-Identifier: MIT

/// A pattern of KEYS and MATCH: `*`, `?`, `[a-z]`, `[^a]`, and `\` before a byte that means itself. Bytes, not
/// characters.
struct GlobPattern {
    private enum Element {
        case any
        case run
        case byte(UInt8)
        case oneOf([ClosedRange<UInt8>], negated: Bool)

        func matches(_ byte: UInt8) -> Bool {
            switch self {
            case .any, .run: true
            case .byte(let expected): byte == expected
            case .oneOf(let ranges, let negated): ranges.contains { $0.contains(byte) } != negated
            }
        }

        var isRun: Bool { if case .run = self { true } else { false } }
    }

    private let elements: [Element]

    init(_ pattern: [UInt8]) {
        var rest = pattern[...]
        var elements: [Element] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "*"): if elements.last?.isRun != true { elements.append(.run) }
            case UInt8(ascii: "?"): elements.append(.any)
            case UInt8(ascii: "["): elements.append(Self.oneOf(&rest))
            case UInt8(ascii: "\\"): elements.append(.byte(rest.popFirst() ?? byte))
            default: elements.append(.byte(byte))
            }
        }
        self.elements = elements
    }

    /// Up to the closing bracket; one that is missing is taken as written.
    private static func oneOf(_ rest: inout ArraySlice<UInt8>) -> Element {
        let negated = rest.first == UInt8(ascii: "^")
        if negated { rest.removeFirst() }
        var ranges: [ClosedRange<UInt8>] = []
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), let literal = rest.popFirst() {
                ranges.append(literal...literal)
            } else if byte == UInt8(ascii: "]") {
                break
            } else if rest.count >= 2, rest.first == UInt8(ascii: "-") {
                rest.removeFirst()
                let other = rest.removeFirst()
                ranges.append(min(byte, other)...max(byte, other))
            } else {
                ranges.append(byte...byte)
            }
        }
        return .oneOf(ranges, negated: negated)
    }

    /// Whether all of the text matches. Goes back only to the last `*`: at most text times pattern steps.
    func matches(_ text: [UInt8]) -> Bool {
        var element = 0
        var at = 0
        var retry: (element: Int, at: Int)?
        while at < text.count {
            if element < elements.count, elements[element].isRun {
                retry = (element + 1, at)
                element += 1
            } else if element < elements.count, elements[element].matches(text[at]) {
                element += 1
                at += 1
            } else if let last = retry {
                retry = (last.element, last.at + 1)
                element = last.element
                at = last.at + 1
            } else {
                return false
            }
        }
        return elements[element...].allSatisfy(\.isRun)
    }
}
