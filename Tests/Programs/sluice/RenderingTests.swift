// SPDX-License-Identifier: MIT
import JSON
import Testing

@testable import sluice

@Suite("What people see")
struct RenderingTests {
    @Test("A table pads its columns, numbers stand right, nothing trails")
    func table() {
        let table = Table(["name", "n", "note"], [["a", 5, "x"], ["long", 1234, nil], ["b", .null, "y"]])
        let expected = """
            NAME     N  NOTE
            a        5  x
            long  1234
            b        -  y
            """
        #expect(table.lines.joined(separator: "\n") == expected)
    }

    @Test("A table of records has the columns of all of them")
    func records() {
        let table = Table(records: [["id": "1", "a": true], ["id": "2", "b": ["x": 1]]])
        #expect(table.lines == ["ID  A     B", "1   true", "2         {\"x\":1}"])
    }

    @Test("A table without rows is its heading")
    func empty() {
        #expect(Table(["key", "type"], []).lines == ["KEY  TYPE"])
    }

    @Test("Data cannot steer the terminal", arguments: ["\u{1b}[2J", "a\nb", "\u{9b}1m", "\u{202e}x", "\u{7f}"])
    func control(text: String) {
        let shown = CellText.of(.string(text))
        #expect(
            !shown.unicodeScalars.contains { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) || $0.value == 0x202e }
        )
        #expect(shown.contains("\\u{"))
        #expect(Details(["k": .string(text)]).lines.count == 1)
    }

    @Test("Details name what lies inside by dots")
    func details() {
        let value: JSONValue = [
            "status": "ok", "keyspace": ["state": "up", "size": 3], "tags": ["a", "b"], "none": [],
            "reasons": [["code": "x"]],
        ]
        let expected = """
            status           ok
            keyspace.state   up
            keyspace.size    3
            tags             a, b
            none             []
            reasons[0].code  x
            """
        #expect(Details(value).lines.joined(separator: "\n") == expected)
    }

    @Test(
        "The bar fills from nothing to all",
        arguments: [(0, 4, 0, "0%"), (1, 4, 7, "25%"), (4, 4, 30, "100%"), (9, 4, 30, "100%"), (0, 0, 30, "100%")])
    func bar(done: Int, total: Int, filled: Int, percent: String) {
        let line = ProgressBar.line("drain", done, of: total)
        #expect(line.count { $0 == "#" } == filled)
        #expect(line.count { $0 == "." } == 30 - filled)
        #expect(line.hasSuffix("] \(percent) \(done)/\(total)"))
    }

    @Test("What a key holds is read by its type", arguments: ["string", "list", "hash", "set", "zset"])
    func keys(type: String) throws {
        let command = try #require(KeyContent.command(type: type, key: "k", limit: 10))
        #expect(command[1] == "k")
        #expect(KeyContent.table(type: type, []).lines.count == 1)
        #expect(KeyContent.command(type: "none", key: "k", limit: 10) == nil)
    }

    @Test("Fields and scores come in pairs")
    func pairs() {
        #expect(
            KeyContent.table(type: "hash", ["a", "1", "b", "2"]).lines == ["FIELD  VALUE", "a      1", "b      2"])
    }
}
