// SPDX-License-Identifier: MIT
import Testing

@testable import JSON

@Suite("Names of one object are distinct")
struct DuplicateNameTests {
    @Test(
        "a duplicate is refused at the later name",
        arguments: [
            (#"{"a":1,"a":2}"#, 7), (#"{"a":1,"\u0061":2}"#, 7), (#"{"\u0061":1,"a":2}"#, 12), (#"{"":1,"":2}"#, 6),
            (#"{"\n":1,"\u000a":2}"#, 8), (#"{"é":1,"\u00e9":2}"#, 8), (#"{"x":{"a":1,"b":2,"a":3}}"#, 18),
            (#"[{"a":1},{"b":[1,{"c":2}],"b":0}]"#, 26),
            (#"{"name longer than 8":1,"b":2,"name longer than 8":3}"#, 30),
            (#"{"/":1,"\/":2}"#, 7), (#"{"a\"b":1,"a\u0022b":2}"#, 10), (#"{"😀":1,"\ud83d\ude00":2}"#, 10),
        ])
    func refused(_ text: String, _ offset: Int) {
        #expect(throws: JSONError(.duplicateName, at: offset)) { try JSONDocument(parsing: text) }
    }

    @Test(
        "names that only look alike are accepted",
        arguments: [
            #"{"a":1,"A":2,"a ":3,"":4,"\u0000":5,"aa":6}"#,
            // Two normalisations of one letter are two names.
            "{\"\u{E9}\":1,\"e\u{301}\":2}",
            #"{"a":{"a":{"a":1}},"b":{"a":1}}"#,
            // Same length, same first and last eight bytes.
            #"{"abcdefgh-1-abcdefgh":1,"abcdefgh-2-abcdefgh":2,"abcdefgh-3-abcdefgh":3}"#,
        ])
    func accepted(_ text: String) throws {
        _ = try JSONDocument(parsing: text)
    }

    @Test("found at every size and place, across the limit between pairs and table")
    func everySize() throws {
        for count in 2...40 {
            let names = (0..<count).map { "\"name\($0)\":[{\"x\":\($0)}]" }
            _ = try JSONDocument(parsing: "{" + names.joined(separator: ",") + "}")
            for twice in 0..<count - 1 {
                var names = names
                // The letter m, spelled as an escape.
                names[count - 1] = "\"na\\u006de\(twice)\":null"
                let text = "{" + names.joined(separator: ",") + "}"
                let offset = text.utf8.count - names[count - 1].utf8.count - 1
                #expect(throws: JSONError(.duplicateName, at: offset)) { try JSONDocument(parsing: text) }
            }
        }
    }

    /// Parses, and tells how many pairs of names were looked at, and how many down to their bytes.
    private func work(_ text: String) throws -> (comparisons: Int, byteComparisons: Int) {
        let bytes = Array(text.utf8)
        return try bytes.withUnsafeBufferPointer { buffer in
            let base = try #require(buffer.baseAddress)
            let tape = UnsafeMutablePointer<TapeEntry>.allocate(capacity: TapeEntry.countMax(of: buffer))
            defer { tape.deallocate() }
            var builder = TapeBuilder(text: buffer, base: base, tape: tape)
            try builder.build()
            return (builder.duplicates.comparisons, builder.duplicates.byteComparisons)
        }
    }

    /// Equal length, equal first and last eight bytes: NameHash cannot tell them apart.
    private func colliding(_ count: Int, _ prefix: String = "") -> String {
        let members = (100_000..<100_000 + count).map { "\"\(prefix)abcdefgh\($0)abcdefgh\":0" }
        return "{" + members.joined(separator: ",") + "}"
    }

    @Test(
        "work grows with the members, also for names made to share the parser's cheap hash", arguments: [1000, 20_000])
    func linearWork(_ count: Int) throws {
        let plain = "{" + (0..<count).map { "\"name\($0)\":0" }.joined(separator: ",") + "}"
        for text in [plain, colliding(count)] {
            let work = try work(text)
            // A table at most half full looks at less than one other name per insertion on average.
            #expect(work.comparisons < 4 * count)
            #expect(work.byteComparisons == 0)
        }
    }

    @Test("small objects compare no bytes either when the cheap hash collides", arguments: ["", "\\u0061"])
    func smallObjects(_ prefix: String) throws {
        for count in 2...DuplicateNames.pairwiseMax {
            let objects = Array(repeating: colliding(count, prefix), count: 50)
            let work = try work("[" + objects.joined(separator: ",") + "]")
            #expect(work.comparisons >= 50)
            #expect(work.comparisons <= 50 * (count * (count - 1) / 2 + 4 * count))
            #expect(work.byteComparisons == 0)
        }
    }
}
