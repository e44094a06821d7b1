// SPDX-License-Identifier: MIT
import Testing

@testable import JSON

@Suite("Strings: escapes, UTF-8, control characters")
struct StringParsingTests {
    @Test(
        "escapes decode",
        arguments: [
            (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
            (#""\u0041\u00e9\u20AC\uD83D\uDE00""#, "Aé€😀"),
            (#""\u0000""#, "\0"),
            (#""\uFFFF\uFFFE""#, "\u{FFFF}\u{FFFE}"),
            (#""\ud800\udc00\udbff\udfff""#, "\u{10000}\u{10FFFF}"),
            (#""\u007f\u0080\u07ff\u0800""#, "\u{7F}\u{80}\u{7FF}\u{800}"),
            (
                #""long before the escape\nand long after the escape""#,
                "long before the escape\nand long after the escape"
            ),
            (#""ü\u00fcü""#, "üüü"),
        ])
    func escapes(_ text: String, _ decoded: String) throws {
        let string = try #require(try JSONDocument(parsing: text).root.string)
        #expect(Array(string.utf8) == Array(decoded.utf8))
    }

    @Test(
        "broken escapes are refused at their backslash",
        arguments: [
            (#""a\x""#, JSONError.Code.invalidEscape, 2), (#""\a""#, .invalidEscape, 1),
            (#""\U0041""#, .invalidEscape, 1),
            (#""\u00g0""#, .invalidEscape, 1), (#""\u 041""#, .invalidEscape, 1), (#""\u00""#, .invalidEscape, 1),
            (#""\ud800""#, .loneSurrogate, 1), (#""\udc00""#, .loneSurrogate, 1), (#""a\ud800b""#, .loneSurrogate, 2),
            (#""\ud800\n""#, .loneSurrogate, 1), (#""\ud800\ud800""#, .loneSurrogate, 1),
            (#""\ud800\u0041""#, .loneSurrogate, 1), (#""\udc00\ud800""#, .loneSurrogate, 1),
            (#""\ud800\u00zz""#, .invalidEscape, 7), (#""\ud800"#, .loneSurrogate, 1),
        ])
    func brokenEscapes(_ text: String, _ code: JSONError.Code, _ offset: Int) {
        #expect(throws: JSONError(code, at: offset)) { try JSONDocument(parsing: text) }
    }

    @Test("a control character is refused wherever it stands", arguments: UInt8(0)..<0x20)
    func controls(_ byte: UInt8) {
        for length in 0..<20 {
            for position in 0...length {
                var text = [UInt8](repeating: 0x61, count: length + 3)
                text[0] = ASCII.quote
                text[position + 1] = byte
                text[length + 2] = ASCII.quote
                #expect(throws: JSONError(.controlCharacter, at: position + 1)) { try JSONDocument(parsing: text) }
            }
        }
    }

    @Test("every pair of lead and second byte is judged as the standard library judges it")
    func leadAndSecondBytes() {
        for tail: [UInt8] in [[], [0x80], [0xBF, 0x80], [0x80, 0x41], [0x41, 0x80], [0xC0]] {
            for lead in UInt8(0x80)...0xFF {
                for second in UInt8(0x20)...0xFF where second != ASCII.quote && second != ASCII.backslash {
                    let content = [lead, second] + tail
                    let isValid = String(validating: content, as: UTF8.self) != nil
                    let parsed = try? JSONDocument(parsing: [ASCII.quote] + content + [ASCII.quote])
                    if (parsed != nil) != isValid { Issue.record("judged differently: \(content)") }
                }
            }
        }
    }

    @Test(
        "invalid UTF-8 is refused at the sequence's first byte",
        arguments: [
            ([0x61, 0x80], 2), ([0xC0, 0x80], 1), ([0xC1, 0xBF], 1), ([0xE0, 0x9F, 0xBF], 1), ([0xED, 0xA0, 0x80], 1),
            ([0xF0, 0x8F, 0xBF, 0xBF], 1), ([0xF4, 0x90, 0x80, 0x80], 1), ([0xF5, 0x80, 0x80, 0x80], 1),
            ([0xC3, 0xA9, 0xC3], 3), ([0xE2, 0x82], 1), ([0xF0, 0x9F, 0x98], 1), ([0xFF], 1),
        ] as [([UInt8], Int)])
    func invalidUTF8(_ content: [UInt8], _ offset: Int) {
        #expect(throws: JSONError(.invalidUTF8, at: offset)) {
            try JSONDocument(parsing: [ASCII.quote] + content + [ASCII.quote])
        }
        #expect(throws: JSONError.self) { try JSONDocument(parsing: [ASCII.quote] + content) }
    }

    @Test("every scalar survives, plain and escaped")
    func everyScalar() throws {
        var plain = String.UnicodeScalarView()
        var escaped = "\""
        for value in UInt32(0)...0x10FFFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            plain.append(scalar)
            if value % 17 == 0 || value < 0x900 {
                for unit in UTF16.encode(scalar).map(Array.init) ?? [] {
                    let digits = String(unit, radix: 16)
                    escaped += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            }
        }
        let text = String(plain)
        #expect(try JSONValue(parsing: JSONValue.string(text).bytes) == .string(text))
        let document = try JSONDocument(parsing: escaped + "\"")
        var wanted = String.UnicodeScalarView()
        for scalar in plain where scalar.value % 17 == 0 || scalar.value < 0x900 { wanted.append(scalar) }
        let isSame = document.root.string.map { $0.hasSameBytes(as: String(wanted)) }
        #expect(isSame == true)
    }
}
