// SPDX-License-Identifier: MIT
import JSON
import Testing

@Suite("Numbers keep their text")
struct NumberTests {
    @Test(
        "integers are exact or nil",
        arguments: [
            ("12", 12), ("-3", -3), ("0", 0), ("-0", 0), ("9223372036854775807", .max), ("-9223372036854775808", .min),
            ("9223372036854775808", nil), ("-9223372036854775809", nil), ("99999999999999999999", nil), ("1.0", nil),
            ("1e2", nil), ("1E0", nil), ("-0.0", nil), ("1000000000000000000000000000000", nil),
        ] as [(String, Int64?)])
    func integers(_ text: String, _ value: Int64?) throws {
        #expect(try JSONDocument(parsing: text).root.int64 == value)
        #expect(JSONNumber(text: text)?.int64 == value)
    }

    @Test(
        "doubles are the nearest, and nil where they would be infinite",
        arguments: [
            ("1.0", 1), ("1e2", 100), ("-2.5E-1", -0.25), ("12", 12), ("0.1", 0.1), ("5e-324", .leastNonzeroMagnitude),
            ("1.7976931348623157e308", .greatestFiniteMagnitude), ("1e400", nil), ("-1e400", nil), ("1e-400", 0),
            ("9007199254740993", 9_007_199_254_740_992), ("1e99999999999999999999", nil),
        ] as [(String, Double?)])
    func doubles(_ text: String, _ value: Double?) throws {
        #expect(try JSONDocument(parsing: text).root.double == value)
        #expect(JSONNumber(text: text)?.double == value)
    }

    @Test("minus zero stays minus zero as a double")
    func minusZero() throws {
        #expect(try JSONDocument(parsing: "-0").root.double?.sign == .minus)
        #expect(JSONNumber(-0.0).text == "-0.0")
    }

    @Test("a number of any length keeps its text")
    func longText() throws {
        let text = "-" + String(repeating: "1234567890", count: 20_000) + ".5e7"
        let view = try JSONDocument(parsing: "[" + text + "]").root
        let number = try #require(view.elements.first { _ in true })
        #expect(number.numberText == text)
        #expect(view.value().bytes == Array("[\(text)]".utf8))
        #expect(number.int64 == nil)
    }

    @Test(
        "only one number of the grammar makes a JSONNumber",
        arguments: ["", "-", "01", "1.", ".1", "1e", "+1", " 1", "1 ", "0x1", "NaN", "inf", "1_0", "1,5", "١", "1\0"])
    func refusedTexts(_ text: String) {
        #expect(JSONNumber(text: text) == nil)
    }

    @Test(
        "a double becomes the shortest text that reads back",
        arguments: [
            (1, "1.0"), (0.1, "0.1"), (-2.5, "-2.5"), (1e20, "1e+20"), (.leastNonzeroMagnitude, "5e-324"),
            (1e16, "1e+16"),
            (100_000, "100000.0"),
        ] as [(Double, String)])
    func shortest(_ value: Double, _ text: String) {
        let number = JSONNumber(value)
        #expect(number.text == text)
        #expect(number.double == value)
        #expect(JSONNumber(text: number.text) == number)
    }

    @Test("an infinite double is a broken invariant")
    func infinite() async {
        await #expect(processExitsWith: .failure) { _ = JSONNumber(Double.infinity) }
        await #expect(processExitsWith: .failure) { _ = JSONNumber(Double.nan) }
    }

    @Test("numbers are equal when their texts are")
    func equality() {
        #expect(JSONNumber(1) == JSONNumber(text: "1"))
        #expect(JSONNumber(text: "1") != JSONNumber(text: "1.0"))
        #expect(JSONNumber(text: "1e2") != JSONNumber(text: "1E2"))
    }
}
