// SPDX-License-Identifier: MIT
import JSON
import Testing
import TransactionModel

@Suite struct CanonicalValueTests {
    struct Entry: Sendable, CustomTestStringConvertible {
        var type: ColumnType
        var text: String
        /// Nil: refused.
        var canonical: String?

        init(_ type: ColumnType, _ text: String, _ canonical: String?) {
            (self.type, self.text, self.canonical) = (type, text, canonical)
        }

        var testDescription: String { "\(type.text) \(text)" }
    }

    static let entries: [Entry] = [
        Entry(.integer, "9223372036854775807", "9223372036854775807"), Entry(.integer, "9223372036854775808", nil),
        Entry(.integer, "1.5", nil), Entry(.integer, "\"1\"", nil), Entry(.integer, "true", nil),
        Entry(.real, "1", "1.0"), Entry(.real, "-0.0", "0.0"), Entry(.real, "1e999", nil), Entry(.real, "\"1\"", nil),
        Entry(.number, "1.0", "1"), Entry(.number, "2.5", "2.5"),
        Entry(.number, "9007199254740993", "9007199254740993"),
        Entry(.number, "1e300", "1e+300"), Entry(.number, "1e999", nil), Entry(.number, "-0", "0"),
        Entry(.decimal, "1.500", "1.500"), Entry(.decimal, "\"1\"", nil),
        Entry(.text, "\"e\u{301}\"", "\"e\u{301}\""), Entry(.text, "1", nil), Entry(.text, "{\"$bytes\":\"\"}", nil),
        Entry(.blob, "{\"$bytes\":\"AP8=\"}", "{\"$bytes\":\"AP8=\"}"), Entry(.blob, "{\"$bytes\":\"A\"}", nil),
        Entry(.blob, "\"x\"", nil),
        Entry(.json, "{\"a\":[1,{\"b\":null}]}", "{\"a\":[1,{\"b\":null}]}"), Entry(.json, "1.50", "1.50"),
        Entry(.json, "{\"$a\":1}", nil), Entry(.json, "{\"$literal\":{\"$a\":1}}", "{\"$literal\":{\"$a\":1}}"),
        Entry(.json, "{\"$literal\":{\"a\":1}}", "{\"a\":1}"), Entry(.json, "{\"$literal\":5}", "5"),
        Entry(.boolean, "true", "true"), Entry(.boolean, "1", nil),
        Entry(.date, "\"2024-02-29\"", "\"2024-02-29\""), Entry(.date, "\"2023-02-29\"", nil),
        Entry(.date, "\"2024-02-29T00:00:00Z\"", nil),
        Entry(.time, "\"07:08\"", "\"07:08:00.000000\""), Entry(.time, "\"25:00\"", nil),
        Entry(.timestamp, "\"2026-01-02T03:04:05+02:00\"", "\"2026-01-02T01:04:05.000000Z\""),
        Entry(.timestamp, "\"2026-01-02\"", nil), Entry(.timestamp, "5", nil),
        Entry(.uuid, "\"AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE\"", "\"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee\""),
        Entry(.uuid, "\"AAAAAAAA\"", nil),
        Entry(.enumeration(["é", "b"]), "\"é\"", "\"é\""), Entry(.enumeration(["é", "b"]), "\"e\u{301}\"", nil),
        Entry(.array(of: .integer), "[1,null,2]", "[1,null,2]"), Entry(.array(of: .integer), "[1,\"x\"]", nil),
        Entry(.array(of: .integer), "1", nil),
        Entry(.any, "true", "1"), Entry(.any, "5", "5"), Entry(.any, "\"5\"", "\"5\""), Entry(.any, "2.5", "2.5"),
        Entry(.any, "[1]", nil), Entry(.any, "{\"$bytes\":\"\"}", "{\"$bytes\":\"\"}"), Entry(.any, "{\"a\":1}", nil),
    ]

    @Test("values become canonical, or are refused", arguments: entries)
    func canonical(entry: Entry) throws {
        let document = try JSONDocument(parsing: entry.text)
        let canonical = entry.type.canonical(document.root.value())
        #expect(canonical.map { String(decoding: $0.bytes, as: UTF8.self) } == entry.canonical)
        var writer = JSONWriter()
        let isWritten = entry.type.write(document.root, into: &writer)
        #expect(isWritten == (entry.canonical != nil))
        if isWritten { #expect(String(decoding: writer.bytes, as: UTF8.self) == entry.canonical) }
        if let canonical { #expect(entry.type.canonical(canonical) == canonical, "canonical twice is canonical") }
    }

    @Test("null is of every type", arguments: SchemaTests.types)
    func null(type: ColumnType) { #expect(type.canonical(.null) == .null) }

    @Test func `sums keep their type or are none`() throws {
        #expect(ColumnType.integer.sum(.integer(.max), 1) == nil)
        #expect(ColumnType.integer.sum(2, -5) == -3)
        #expect(ColumnType.number.sum(0.5, 0.5) == 1)
        #expect(ColumnType.real.sum(1, 2).map { String(decoding: $0.bytes, as: UTF8.self) } == "3.0")
        #expect(ColumnType.integer.sum(.null, 1) == .null)
        #expect(ColumnType.any.sum("abc", 1) == nil)
        #expect(ColumnType.real.sum(1.7e308, 1.7e308) == nil)
    }
}
