// SPDX-License-Identifier: MIT
import JSON
import Testing

@Suite("The grammar of RFC 8259, byte by byte")
struct GrammarTests {
    struct Refusal: Sendable, CustomTestStringConvertible {
        let text: String
        let code: JSONError.Code
        let offset: Int

        init(_ text: String, _ code: JSONError.Code, _ offset: Int) {
            self.text = text
            self.code = code
            self.offset = offset
        }

        var testDescription: String { "\(text.debugDescription): \(code) at \(offset)" }
    }

    static let refusals: [Refusal] = [
        Refusal("", .unexpectedEnd, 0),
        Refusal(" \n", .unexpectedEnd, 2),
        Refusal("[", .unexpectedEnd, 1),
        Refusal("[1", .unexpectedEnd, 2),
        Refusal("[1,", .unexpectedEnd, 3),
        Refusal("{\"a\"", .unexpectedEnd, 4),
        Refusal("{\"a\":", .unexpectedEnd, 5),
        Refusal("{\"a\":1,", .unexpectedEnd, 7),
        Refusal("nul", .unexpectedEnd, 3),
        Refusal("\"abc", .unexpectedEnd, 4),
        Refusal("\"a long enough string without its end", .unexpectedEnd, 37),
        Refusal("\"\\", .unexpectedEnd, 2),
        Refusal("\"\\u00", .unexpectedEnd, 5),
        Refusal("[,]", .unexpectedByte, 1),
        Refusal("[1,]", .unexpectedByte, 3),
        Refusal("[1 2]", .unexpectedByte, 3),
        Refusal("[1}", .unexpectedByte, 2),
        Refusal("{]", .unexpectedByte, 1),
        Refusal("{\"a\":1]", .unexpectedByte, 6),
        Refusal("{\"a\":1,}", .unexpectedByte, 7),
        Refusal("{\"a\" 1}", .unexpectedByte, 5),
        Refusal("{a:1}", .unexpectedByte, 1),
        Refusal("{1:1}", .unexpectedByte, 1),
        Refusal("{\"a\"}", .unexpectedByte, 4),
        Refusal("nulL", .unexpectedByte, 3),
        Refusal("True", .unexpectedByte, 0),
        Refusal("NaN", .unexpectedByte, 0),
        Refusal("'a'", .unexpectedByte, 0),
        Refusal("/**/1", .unexpectedByte, 0),
        Refusal("\u{A0}1", .unexpectedByte, 0),
        Refusal("]", .unexpectedByte, 0),
        Refusal("\u{0C}1", .unexpectedByte, 0),
        Refusal("1 2", .trailingBytes, 2),
        Refusal("1a", .trailingBytes, 1),
        Refusal("{}}", .trailingBytes, 2),
        Refusal("\"a\"\0", .trailingBytes, 3),
        Refusal("01", .invalidNumber, 1),
        Refusal("-01", .invalidNumber, 2),
        Refusal("-", .unexpectedEnd, 1),
        Refusal("[-]", .invalidNumber, 2),
        Refusal("[1.]", .invalidNumber, 3),
        Refusal("1.", .unexpectedEnd, 2),
        Refusal("[1e]", .invalidNumber, 3),
        Refusal("[1e+]", .invalidNumber, 4),
        Refusal("1e", .unexpectedEnd, 2),
        Refusal("+1", .unexpectedByte, 0),
        Refusal(".5", .unexpectedByte, 0),
        Refusal("0x10", .trailingBytes, 1),
        Refusal("-Infinity", .invalidNumber, 1),
        Refusal("\u{FEFF}{}", .byteOrderMark, 0),
    ]

    @Test("a text outside the grammar is refused at its first wrong byte", arguments: refusals)
    func refuses(_ refusal: Refusal) {
        #expect(throws: JSONError(refusal.code, at: refusal.offset)) { try JSONDocument(parsing: refusal.text) }
    }

    @Test(
        "a text inside the grammar is accepted",
        arguments: [
            "null", "true", "false", "0", "-0", "\"\"", "[]", "{}", " \t\r\n[ \t\r\n] \t\r\n", "{ }", "[[],{},[{}]]",
            "{\"\":{\"\":[{}]}}", "[1 , 2\n,3]", "{ \"a\" : 1 , \"b\" : [ ] }", "1E400", "-1.5e-3", "0e0",
            "[null,true,false,0,\"\",[],{}]", "\"\u{7F}\"", "\"\u{FEFF}\"",
        ])
    func accepts(_ text: String) throws {
        let document = try JSONDocument(parsing: text)
        #expect(document.bytes == Array(text.utf8))
    }

    @Test("depth 128 is accepted and 129 refused, at the bracket that is too deep", arguments: ["[", "{\"a\":"])
    func depth(_ open: String) throws {
        let close = open == "[" ? "]" : "}"
        func nested(_ levels: Int) -> String {
            String(repeating: open, count: levels - 1) + (open == "[" ? "[]" : "{}")
                + String(repeating: close, count: levels - 1)
        }
        let view = try JSONDocument(parsing: nested(JSONDocument.depthMax)).root
        #expect(view.value().bytes == Array(nested(JSONDocument.depthMax).utf8))
        #expect(throws: JSONError(.depthExceeded, at: open.utf8.count * JSONDocument.depthMax)) {
            try JSONDocument(parsing: nested(JSONDocument.depthMax + 1))
        }
        #expect(throws: JSONError(.depthExceeded, at: open.utf8.count * JSONDocument.depthMax)) {
            try JSONDocument(parsing: String(repeating: open, count: 100_000))
        }
    }

    @Test("every prefix of a text is refused or a number cut short, never a crash")
    func prefixes() throws {
        let text = Array(#"{"a":[1.5e+3,"\u00e9\uD83D\uDE00ü€😀",true,null,{"b":{}}],"c":"0123456789"}"#.utf8)
        _ = try JSONDocument(parsing: text)
        for count in 0..<text.count {
            #expect(throws: JSONError.self, "prefix of \(count) bytes") {
                try JSONDocument(parsing: Array(text[..<count]))
            }
        }
    }

    @Test("an error names the offset and the reason, never the content")
    func description() {
        #expect(JSONError(.unexpectedByte, at: 7).description == "unexpected byte at byte 7")
        for code in JSONError.Code.allCases {
            #expect(JSONError(code, at: 3).description.hasSuffix(" at byte 3"))
        }
    }
}
