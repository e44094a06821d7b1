// SPDX-License-Identifier: MIT

/// Durations as settings and commands take them: seconds, or a number with `ms`, `s`, `m`, `h` or `d`.
public enum DurationText {
    /// What a text must be, for messages.
    public static let form = "a number of seconds, or a number with ms, s, m, h or d"

    private static let secondsMax = 1e9
    private static let units: [(suffix: String, factor: Double)] = [
        ("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86_400), ("", 1),
    ]

    /// Nil: it is no duration, negative, or longer than thirty years.
    public static func parse(_ text: String) -> Duration? {
        guard let seconds = ScaledNumber.parse(text, units), (0..<secondsMax).contains(seconds) else { return nil }
        return .microseconds(Int64(seconds * 1_000_000))
    }
}

/// A number with a unit behind it.
enum ScaledNumber {
    /// The first unit whose suffix fits counts; nil: no number stands before it.
    static func parse(_ text: String, _ units: [(suffix: String, factor: Double)]) -> Double? {
        let text = text.trimmed
        for (suffix, factor) in units where text.hasSuffix(suffix) {
            guard let number = Double(text.dropLast(suffix.count).trimmed), number.isFinite else { continue }
            return number * factor
        }
        return nil
    }
}
