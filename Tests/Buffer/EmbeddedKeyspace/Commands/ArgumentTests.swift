// SPDX-License-Identifier: MIT
import Testing

@testable import EmbeddedKeyspace

@Suite struct ArgumentTests {
    @Test(arguments: [
        ("*", "", true), ("*", "abc", true), ("a*c", "abbc", true), ("a*c", "abb", false), ("?", "", false),
        ("a?c", "abc", true), ("[a-c]x", "bx", true), ("[c-a]x", "bx", true), ("[^a-c]x", "bx", false),
        ("[^a]", "b", true),
        ("[a\\]b]", "]", true), ("\\*", "*", true), ("\\*", "a", false), ("[]", "a", false), ("[]", "", false),
        ("[ab", "b", true), ("[ab", "c", false), ("[a-", "-", true), ("a\\", "a\\", true), ("**a", "xxa", true),
        ("*a*b*", "xxaxxbxx", true), ("*a*b*", "xxbxxaxx", false), ("", "", true), ("", "a", false),
        ("abc", "abcd", false),
        ("[a-c]", "", false), ("a**", "a", true), ("[\\a]", "a", true), ("[^]", "x", true),
    ])
    func globPatterns(pattern: String, text: String, matches: Bool) {
        #expect(GlobPattern(Array(pattern.utf8)).matches(Array(text.utf8)) == matches)
    }

    @Test func aPatternOfManyStarsEndsInTime() {
        let pattern = GlobPattern(Array(String(repeating: "*a", count: 1000).utf8))
        #expect(!pattern.matches([UInt8](repeating: UInt8(ascii: "a"), count: 999)))
        #expect(!pattern.matches([UInt8](repeating: UInt8(ascii: "a"), count: 5000) + [UInt8(ascii: "b")]))
    }

    @Test(
        arguments: [
            ("0", 0), ("-1", -1), ("9223372036854775807", .max), ("-9223372036854775808", .min), ("", nil), ("-", nil),
            ("-0", nil),
            ("+1", nil), ("01", nil), (" 1", nil), ("1 ", nil), ("9223372036854775808", nil),
            ("-9223372036854775809", nil),
            ("99999999999999999999", nil), ("1.0", nil), ("0x1", nil),
        ] as [(String, Int64?)])
    func integersAreStrict(text: String, value: Int64?) { #expect(Int64(redis: Array(text.utf8)) == value) }

    @Test(
        arguments: [
            ("1", 1), ("-1.5e3", -1500), ("inf", .infinity), ("-INF", -.infinity), ("0x10", 16),
            ("5e-324", .leastNonzeroMagnitude), ("", nil),
            (" 1", nil), ("1 ", nil), ("nan", nil), ("1e400", nil), ("1e-400", nil), ("1\u{0}", nil), ("abc", nil),
        ] as [(String, Double?)])
    func floatsAreWhatStrtodReads(text: String, value: Double?) { #expect(Double(redis: Array(text.utf8)) == value) }
}
