// SPDX-License-Identifier: MIT
import Testing

@testable import JSON

@Suite("The writer")
struct WriterTests {
    private func text(_ write: (inout JSONWriter) throws -> Void) rethrows -> String {
        var writer = JSONWriter(capacity: 16)
        try write(&writer)
        #expect(writer.isComplete)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test("places commas and colons")
    func punctuation() {
        let text = text { writer in
            writer.beginObject()
            writer.name("a")
            writer.beginArray()
            writer.int(1)
            writer.null()
            writer.bool(true)
            writer.beginArray()
            writer.endArray()
            writer.beginObject()
            writer.endObject()
            writer.string("s")
            writer.endArray()
            writer.member("b", "x")
            writer.member("c", 2)
            writer.member("d", false)
            writer.member("e", JSONValue.array([1]))
            writer.name(String("f"))
            writer.number(JSONNumber(1.5))
            writer.name("g")
            writer.raw(Array("[ 1 ]".utf8))
            writer.endObject()
        }
        #expect(text == #"{"a":[1,null,true,[],{},"s"],"b":"x","c":2,"d":false,"e":[1],"f":1.5,"g":[ 1 ]}"#)
    }

    @Test("escapes what must be escaped, wherever it stands, and nothing else")
    func escapes() throws {
        #expect(
            text { $0.string("\"\\/\u{8}\u{9}\u{A}\u{C}\u{D}\u{0}\u{1F}\u{7F}é€😀") }
                == #""\"\\/\b\t\n\f\r\u0000\u001f"# + "\u{7F}é€😀\"")
        for scalar in ["\"", "\\", "\n", "\u{1}", "é", "/"] {
            for before in 0..<18 {
                let string = String(repeating: "a", count: before) + scalar + String(repeating: "b", count: 17 - before)
                let written = text { $0.string(string) }
                #expect(try JSONDocument(parsing: written).root.string == string)
            }
        }
        #expect(text { $0.string("") } == "\"\"")
    }

    @Test("writes every integer in decimal")
    func integers() {
        for value: Int64 in [0, 1, -1, 9, 10, 99, 100, -100, 1_234_567_890, .max, .min, .min + 1] {
            #expect(text { $0.int(value) } == String(value))
        }
    }

    @Test("a view is written verbatim as raw, decoded and escaped again as string")
    func views() throws {
        let document = try JSONDocument(parsing: #"{"\u0061":"\u0062\n\/", "c": [1 , 2]}"#)
        let written = text { writer in
            writer.beginArray()
            for (name, value) in document.root.members {
                writer.string(name)
                writer.raw(value)
                if value.kind == .string { writer.string(value) }
            }
            writer.endArray()
        }
        #expect(written == #"["a","\u0062\n\/","b\n/","c",[1 , 2]]"#)
    }

    @Test("the canonical form is the same for all spellings of a value")
    func canonical() throws {
        let spellings = [
            #"{"b":[1.0,{"z":1,"y":2}],"a":"\u00e9","aa":null,"":{}}"#,
            #" { "aa" : null , "\u0061" : "é", "" : { }, "b" : [ 1.0 , { "y" : 2, "\u007a":1 } ] } "#,
        ]
        for spelling in spellings {
            let document = try JSONDocument(parsing: spelling)
            #expect(text { $0.canonical(document.root) } == #"{"":{},"a":"é","aa":null,"b":[1.0,{"y":2,"z":1}]}"#)
        }
        let wide = (0..<300).map { "\"k\(($0 * 7) % 300)\":\($0)" }.joined(separator: ",")
        let document = try JSONDocument(parsing: "{\(wide)}")
        let canonical = text { $0.canonical(document.root) }
        #expect(try JSONValue(parsing: canonical) == document.root.value())
        let names = try JSONDocument(parsing: canonical).root.members.map { ByteString($0.name.string ?? "") }
        #expect(names == names.sorted())
    }

    @Test(
        "nests deeper than a parser would read, without a limit of its own",
        arguments: [1, 127, 128, 129, 256, 257, 1000])
    func deep(_ depth: Int) {
        var value: JSONValue = 0
        var wanted = "0"
        for level in 0..<depth {
            value = level.isMultiple(of: 3) ? ["k": value] : [value]
            wanted = level.isMultiple(of: 3) ? "{\"k\":\(wanted)}" : "[\(wanted)]"
        }
        #expect(value.bytes == Array(wanted.utf8))
        let stepwise = text { writer in
            for level in (0..<depth).reversed() {
                if level.isMultiple(of: 3) {
                    writer.beginObject()
                    writer.name("k")
                } else {
                    writer.beginArray()
                }
            }
            writer.int(0)
            for level in 0..<depth {
                if level.isMultiple(of: 3) { writer.endObject() } else { writer.endArray() }
            }
        }
        #expect(stepwise == wanted)
    }

    @Test("starts anew after reset and keeps bytes put in front")
    func reset() {
        var writer = JSONWriter()
        writer.bytes = [0, 0, 0, 0]
        writer.beginArray()
        #expect(!writer.isComplete)
        writer.endArray()
        #expect(writer.isComplete)
        #expect(writer.bytes == [0, 0, 0, 0] + Array("[]".utf8))
        writer.reset()
        writer.null()
        #expect(writer.bytes == Array("null".utf8))
    }

    @Test("misuse is a broken invariant")
    func misuse() async {
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            writer.beginObject()
            writer.int(1)
        }
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            writer.beginArray()
            writer.name("a")
        }
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            writer.beginArray()
            writer.endObject()
        }
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            writer.beginObject()
            writer.name("a")
            writer.endObject()
        }
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            writer.int(1)
            writer.int(2)
        }
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            writer.endArray()
        }
    }
}
