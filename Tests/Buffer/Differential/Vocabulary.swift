// SPDX-License-Identifier: MIT

/// The few keys and values that commands are made of: few, so that they meet; odd, so that it matters.
enum Vocabulary {
    static let keys = texts("a", "b", "c", "d", "e:1", "e:2", "f", "g", "") + [[0xFF, 0x00, 0xFE]]

    /// Elements, fields and values. Numbers among them, because Redis stores those in another form; and one too long
    /// for its compact forms.
    static let members =
        texts("x", "y", "z", "1", "2", "10", "-3", "abc", "\u{E4}", "a\u{308}", "", "x\u{0}y", "-0", "1.0", "K ")
        + [[0xFF, 0xFE], [0xC3, 0x28], Array(repeating: 0x6C, count: 70)]

    static let smallIntegers = texts("0", "1", "-1", "2", "3", "-2", "-4", "10")
    static let integers =
        smallIntegers
        + texts(
            "100", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "-9223372036854775809",
            "1.5", "abc", "+1", "01", "", "-0", " 1", "1 ", "2147483648", "1\u{0}")

    static let plainDoubles = texts("0", "1", "-1", "2.5", "0.1", "3")
    static let doubles =
        plainDoubles
        + texts(
            "1e3", "-2.25", "1e20", "inf", "-inf", "+inf", "Infinity", "nan", "-nan", "abc", "1e-7", "0x10", "", " 1",
            "1 ", "-0", "123456789.123", "1e400", "5e-324", "1.7976931348623157e308", "-1.7976931348623157e308",
            "2.2250738585072014e-308", "9007199254740993", "1e17", "4503599627370497.5", "0.30000000000000004", "1e")
    /// Beyond a double, within the long double that INCRBYFLOAT calculates with.
    static let longDoubles = doubles + texts("1e4000", "-1e4000", "1e5000", "0.1e-20")

    static let bounds = texts(
        "-inf", "+inf", "0", "1", "(1", "(2.5", "3", "-1", "(inf", "(-inf", "x", "", "(", "(x", "nan", "(nan", "1e400",
        " 1", "(-0")

    static let patterns =
        texts(
            "*", "e:*", "?", "[a-c]", "[^a]", "x*", "*y", "e:[12]", "\\\\*", "[a", "*b*c", "[b-a]", "\\*", "", "[",
            "[^",
            "[]", "[\\]]", "a\\", "**a**", "[a-", "[-a]", "?*?")
        + [[0xFF, 0x2A], [0x5B, 0x80, 0x2D, 0xFF, 0x5D, 0x2A]]

    /// Long ago or far away, so that nothing depends on how long a test takes. Exact on both sides.
    static let moments = texts(
        "4000000000", "4000000500", "5000000000", "5", "-5", "0", "abc", "9223372036854775", "9223372036854776",
        "9223372036854775807", "-9223372036854775808", "")
    static let milliMoments = texts(
        "4000000000499", "4000000000500", "4000000500999", "5", "-5", "0", "x", "9223372036854775000",
        "-9223372036854775808", "9223372036854775808")
    /// What keys with one of those answer to PEXPIRETIME.
    static let exactMilliseconds: Set<Int64> = [
        4_000_000_000_000, 4_000_000_500_000, 5_000_000_000_000, 9_223_372_036_854_775_000, 4_000_000_000_499,
        4_000_000_000_500, 4_000_000_500_999,
    ]
    /// Spans that are none, or over at once.
    static let oddSpans = texts("-5", "0", "abc", "1.5", "", "9223372036854775807", "-9223372036854775808", "+5")

    static let words = texts(
        "NX", "XX", "GT", "LT", "CH", "INCR", "GET", "EX", "PX", "EXAT", "PXAT", "KEEPTTL", "PERSIST", "REPLACE",
        "LIMIT", "WITHSCORES", "BYSCORE", "REV", "COUNT", "MATCH", "TYPE", "RANK", "MAXLEN", "LEFT", "BEFORE", "abc")

    static func texts(_ list: String...) -> [[UInt8]] { list.map { Array($0.utf8) } }
}
