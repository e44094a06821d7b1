// SPDX-License-Identifier: MIT
import Testing

@testable import JSON

@Suite("Owned values and objects")
struct ValueTests {
    @Test("literals make every kind")
    func literals() throws {
        let value: JSONValue = ["a": [1, -2.5, "x", true, .null], "b": [:]]
        #expect(value.bytes == Array(#"{"a":[1,-2.5,"x",true,null],"b":{}}"#.utf8))
        #expect(try JSONValue(parsing: value.bytes) == value)
        #expect(value["a"]?.array?.count == 5)
        #expect(value["a"]?.array?[0].int64 == 1)
        #expect(value["a"]?.array?[1].double == -2.5)
        #expect(value["a"]?.array?[2].string == "x")
        #expect(value["a"]?.array?[3].bool == true)
        #expect(value["a"]?.array?[4].isNull == true)
        #expect(value["b"]?.object?.isEmpty == true)
        #expect(value["c"] == nil)
        #expect(JSONValue.integer(7)["a"] == nil)
    }

    @Test("equality ignores the order of members and nothing else")
    func equality() throws {
        func same(_ left: String, _ right: String) throws -> Bool {
            let (left, right) = (try JSONValue(parsing: left), try JSONValue(parsing: right))
            if left == right { #expect(left.hashValue == right.hashValue) }
            return left == right
        }
        #expect(try same(#"{"a":1,"b":[2]}"#, #" { "b" : [2], "a" : 1 } "#))
        #expect(try same(#""\u0061""#, #""a""#))
        #expect(try !same("[1,2]", "[2,1]"))
        #expect(try !same("1", "1.0"))
        #expect(try !same("0", "false"))
        #expect(try !same("null", "false"))
        #expect(try !same("[]", "{}"))
        #expect(try !same(#""1""#, "1"))
        #expect(try !same(#"{"a":1}"#, #"{"a":2}"#))
        #expect(try !same(#"{"a":1}"#, #"{"b":1}"#))
        #expect(try !same(#"{"a":1}"#, #"{"a":1,"b":2}"#))
        // Equal for Swift's String, not for a database key.
        #expect(try !same("\"\u{E9}\"", "\"e\u{301}\""))
        #expect(try !same("{\"\u{E9}\":1}", "{\"e\u{301}\":1}"))
    }

    @Test(
        "an object keeps its order through set, append and remove, below and above the scan limit", arguments: [3, 60])
    func objectOrder(_ count: Int) {
        var object = JSONObject()
        for index in 0..<count { object.append("k\(index)", .integer(Int64(index))) }
        object["k1"] = "changed"
        object["new"] = nil
        #expect(object.count == count)
        #expect(object.keys == (0..<count).map { "k\($0)" })
        #expect(object["k1"] == "changed")
        #expect(object.remove("k0") == .integer(0))
        #expect(object.remove("k0") == nil)
        object["k2"] = nil
        #expect(object["k2"] == nil)
        object["k0"] = .integer(9)
        #expect(object.keys == (1..<count).filter { $0 != 2 }.map { "k\($0)" } + ["k0"])
        for name in object.keys where name != "k0" && name != "k1" {
            #expect(object[name] == .integer(Int64(name.dropFirst()) ?? -1))
        }
        object["null"] = .some(.null)
        #expect(object["null"] == .some(.null))
    }

    @Test("growing and shrinking across the scan limit keeps lookup right")
    func scanLimit() {
        var object = JSONObject()
        for index in 0..<20 {
            object["k\(index)"] = .integer(Int64(index))
            for earlier in 0...index { #expect(object["k\(earlier)"]?.int64 == Int64(earlier)) }
        }
        for index in 0..<20 {
            object["k\(index)"] = nil
            for later in index + 1..<max(index + 1, 20) { #expect(object["k\(later)"]?.int64 == Int64(later)) }
        }
        #expect(object.isEmpty)
    }

    @Test("names of an object compare as bytes")
    func byteNames() {
        var object: JSONObject = ["\u{E9}": 1]
        object["e\u{301}"] = 2
        #expect(object.count == 2)
        #expect(object["\u{E9}"] == 1)
    }

    @Test("a name given twice is a broken invariant")
    func twice() async {
        await #expect(processExitsWith: .failure) {
            var object: JSONObject = ["a": 1]
            object.append("a", 2)
        }
    }

    @Test("byte strings compare, hash and order by their bytes")
    func byteStrings() {
        #expect(ByteString("\u{E9}") != ByteString("e\u{301}"))
        #expect(Set<ByteString>(["\u{E9}", "e\u{301}", "a", "a"]).count == 3)
        #expect(ByteString("a") == "a")
        let sorted: [ByteString] = ["", "A", "a", "aa", "ab", "b", "\u{E9}", "\u{FFFF}", "\u{10000}"]
        #expect(sorted.reversed().sorted() == sorted)
        #expect(!(ByteString("a") < "a"))
        #expect(ByteString("x").description == "x")
    }
}
