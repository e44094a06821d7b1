// SPDX-License-Identifier: MIT
import Testing

@testable import JSON

@Suite("Views into a document")
struct ViewTests {
    let document: JSONDocument

    init() throws {
        document = try JSONDocument(
            parsing:
                #" {"n":null,"t":true,"f":false,"i":-12,"s":"a\u0062c","p":"plain","a":[1,[2,3],{}],"o":{"x":{}}} "#
        )
    }

    @Test("kinds")
    func kinds() {
        let kinds = document.root.members.map(\.value.kind)
        #expect(kinds == [.null, .bool, .bool, .number, .string, .string, .array, .object])
        #expect(document.root.kind == .object)
    }

    @Test("accessors answer for their own kind and nil for the others")
    func accessors() {
        let root = document.root
        #expect(root["n"]?.isNull == true)
        #expect(root["t"]?.bool == true)
        #expect(root["f"]?.bool == false)
        #expect(root["i"]?.int64 == -12)
        #expect(root["i"]?.double == -12)
        #expect(root["i"]?.numberText == "-12")
        #expect(root["s"]?.string == "abc")
        #expect(root["p"]?.string == "plain")
        for (name, value) in root.members {
            let key = name.string
            #expect((value.bool != nil) == (key == "t" || key == "f"))
            #expect((value.int64 != nil) == (key == "i"))
            #expect((value.double != nil) == (key == "i"))
            #expect((value.numberText != nil) == (key == "i"))
            #expect((value.string != nil) == (key == "s" || key == "p"))
            #expect(value.isNull == (key == "n"))
            #expect(value.count == (key == "a" ? 3 : key == "o" ? 1 : 0))
            #expect(Array(value.members).isEmpty == (key != "o"))
            #expect(Array(value.elements).isEmpty == (key != "a"))
            #expect((value["x"] != nil) == (key == "o"))
        }
    }

    @Test("lookup compares decoded bytes")
    func lookup() throws {
        let view = try JSONDocument(parsing: "{\"\\u0061\":1,\"e\u{301}\":2,\"\":3,\"a b\":{\"a\":4}}").root
        #expect(view["a"]?.int64 == 1)
        #expect(view.member("a")?.int64 == 1)
        #expect(view.member("e\u{301}")?.int64 == 2)
        #expect(view.member("\u{E9}") == nil)
        #expect(view[""]?.int64 == 3)
        #expect(view["a b"]?["a"]?.int64 == 4)
        #expect(view["b"] == nil)
        #expect(view.root(\.elements).isEmpty)
    }

    @Test("string bytes and comparison, with and without escapes")
    func stringBytes() {
        let root = document.root
        #expect(root["s"]?.stringEquals("abc") == true)
        #expect(root["s"]?.stringEquals("abd") == false)
        #expect(root["p"]?.stringEquals("plain") == true)
        #expect(root["p"]?.stringEquals("plain ") == false)
        #expect(root["p"]?.stringEquals("") == false)
        #expect(root["i"]?.stringEquals("-12") == false)
        #expect(root["s"]?.withStringBytes { Array($0) } == Array("abc".utf8))
        #expect(root["i"]?.withStringBytes { _ in Issue.record("not a string") } == nil)
    }

    @Test("elements and members come in text order, nested values skipped")
    func order() {
        #expect(document.root["a"]?.elements.map(\.count) == [0, 2, 0])
        #expect(document.root.members.map { $0.name.string ?? "" } == ["n", "t", "f", "i", "s", "p", "a", "o"])
        #expect(document.root.count == 8)
    }

    @Test("a value knows its own text and place")
    func ranges() throws {
        let root = document.root
        #expect(root.offset == 1)
        #expect(root.rawRange == 1..<document.bytes.count - 1)
        #expect(root["a"].map { Array($0.rawBytes) } == Array("[1,[2,3],{}]".utf8))
        #expect(root["s"].map { String(decoding: $0.rawBytes, as: UTF8.self) } == #""a\u0062c""#)
        let name = try #require(root.members.first { $0.name.stringEquals("s") }?.name)
        #expect(document.bytes[name.offset] == ASCII.quote)
    }

    @Test("an owned value outlives the document and is the same")
    func owned() {
        let value: JSONValue = [
            "n": .null, "t": true, "f": false, "i": -12, "s": "abc", "p": "plain", "a": [1, [2, 3], [:]],
            "o": ["x": [:]],
        ]
        #expect(document.root.value() == value)
    }

    @Test("a view can be used from another task")
    func sendable() async {
        let view = document.root
        let text = await Task.detached { view["p"]?.string }.value
        #expect(text == "plain")
    }

    @Test("the tape's bound holds for the densest texts, and a too large text is an error")
    func bounds() throws {
        for text in ["0", "[0,0,0,0]", "{\"\":0}", "[[],[],[]]", "[{},{}]", "\"[{,:\"", "[\"[{,:\",0]"] {
            let filler = String(repeating: " ", count: 40)
            for padded in [text, filler + text, text + filler] {
                let bound = Array(padded.utf8).withUnsafeBufferPointer { TapeEntry.countMax(of: $0) }
                #expect(try JSONDocument(parsing: padded).storage.tape.count <= bound)
            }
        }
        let many = "[" + Array(repeating: "0", count: 100_000).joined(separator: ",") + "]"
        #expect(Array(many.utf8).withUnsafeBufferPointer { TapeEntry.countMax(of: $0) } == 100_001)
        #expect(try JSONDocument(parsing: many).root.count == 100_000)
        #expect(throws: JSONError(.tooLarge, at: 3)) { try JSONDocument(parsing: Array("1234".utf8), bytesMax: 3) }
        #expect(try JSONDocument(parsing: Array("123".utf8), bytesMax: 3).root.int64 == 123)
    }
}

extension JSONView {
    fileprivate func root(_ path: KeyPath<JSONView, JSONView.Elements>) -> [JSONView] { Array(self[keyPath: path]) }
}
