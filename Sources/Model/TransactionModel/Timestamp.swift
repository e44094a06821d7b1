// SPDX-License-Identifier: MIT

/// A moment: microseconds since 1970-01-01T00:00:00Z. On the wire RFC 3339 in UTC with six digits of fraction.
public struct Timestamp: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var microseconds: Int64

    public init(microseconds: Int64) { self.microseconds = microseconds }

    public static func < (a: Self, b: Self) -> Bool { a.microseconds < b.microseconds }

    public static func + (time: Self, duration: Duration) -> Self {
        let (seconds, attoseconds) = duration.components
        return Self(microseconds: time.microseconds &+ seconds &* 1_000_000 &+ attoseconds / 1_000_000_000_000)
    }

    public static func - (time: Self, duration: Duration) -> Self { time + (.zero - duration) }

    public static func - (later: Self, earlier: Self) -> Duration {
        .microseconds(later.microseconds &- earlier.microseconds)
    }

    /// `2026-11-21T08:10:00.000000Z`
    public var description: String {
        let (days, inDay) = microseconds.flooredDivision(by: 86_400_000_000)
        let (year, month, day) = CivilDate.from(daysSinceEpoch: days)
        let seconds = inDay / 1_000_000
        return "\(CivilDate.text(year, month, day))T\(ClockTime.text(seconds))"
            + ".\(padded(inDay % 1_000_000, to: 6))Z"
    }

    /// It has a form in RFC 3339: the years 0001 to 9999.
    var isWritable: Bool { (-62_135_596_800_000_000...253_402_300_799_999_999).contains(microseconds) }

    /// Rounded to so many digits of a second, half away from the year 2000, as PostgreSQL does.
    public func rounded(digits: Int) -> Timestamp {
        guard digits < 6 else { return self }
        let epoch: Int64 = 946_684_800_000_000
        let sinceEpoch = microseconds - epoch
        let rounded = Int64(roundedTime(UInt64(sinceEpoch.magnitude), digits: digits))
        return Timestamp(microseconds: epoch + (sinceEpoch < 0 ? -rounded : rounded))
    }

    /// The date part of ``description``.
    public var dateText: String { String(description.prefix(10)) }

    /// The time part of ``description``, without zone: `08:10:00.000000`.
    public var timeText: String { String(description.dropFirst(11).dropLast()) }

    /// Parses RFC 3339 (`T` or a space between date and time; an offset or `Z`; no zone means UTC, as SQLite has it).
    /// A fraction finer than a microsecond is cut off. Nil when it is not a time.
    public init?(_ text: String) {
        var scanner = DigitScanner(text)
        guard let days = scanner.date() else { return nil }
        guard scanner.take("T") || scanner.take("t") || scanner.take(" ") else { return nil }
        guard let clock = scanner.clock() else { return nil }
        var offset: Int64 = 0
        if !scanner.isAtEnd && !scanner.take("Z") && !scanner.take("z") {
            let sign: Int64
            if scanner.take("+") { sign = 1 } else if scanner.take("-") { sign = -1 } else { return nil }
            guard let hours = scanner.number(digits: 2), hours < 24 else { return nil }
            _ = scanner.take(":")
            guard let minutes = scanner.number(digits: 2), minutes < 60 else { return nil }
            offset = sign * (hours * 3600 + minutes * 60) * 1_000_000
        }
        guard scanner.isAtEnd else { return nil }
        microseconds = days * 86_400_000_000 + clock - offset
    }
}

/// Dates without a time zone, in the proleptic Gregorian calendar.
public enum CivilDate {
    /// Whether the text is a date that exists, as `YYYY-MM-DD`.
    public static func isValid(_ text: String) -> Bool {
        var scanner = DigitScanner(text)
        return scanner.date() != nil && scanner.isAtEnd
    }

    static func text(_ year: Int64, _ month: Int64, _ day: Int64) -> String {
        "\(padded(year, to: 4))-\(padded(month, to: 2))-\(padded(day, to: 2))"
    }

    static func from(daysSinceEpoch days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        // Years that begin in March make the leap day the last one, and months a straight line.
        let (era, dayOfEra) = (days + 719_468).flooredDivision(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    static func daysSinceEpoch(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = shiftedYear.flooredDivision(by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    static func daysIn(_ month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

/// Times of day.
public enum ClockTime {
    /// `HH:MM:SS.ffffff` of a text `HH:MM[:SS[.f...]]`, rounded to so many digits; nil when it is not a time.
    public static func canonical(_ text: String, digits: Int = 6) -> String? {
        var scanner = DigitScanner(text)
        guard var clock = scanner.clock(), scanner.isAtEnd else { return nil }
        if digits < 6 { clock = Int64(roundedTime(UInt64(clock), digits: digits)) }
        return "\(self.text(clock / 1_000_000)).\(padded(clock % 1_000_000, to: 6))"
    }

    static func text(_ seconds: Int64) -> String {
        "\(padded(seconds / 3600, to: 2)):\(padded(seconds / 60 % 60, to: 2)):\(padded(seconds % 60, to: 2))"
    }
}

/// Microseconds rounded half up to so many digits of a second.
private func roundedTime(_ microseconds: UInt64, digits: Int) -> UInt64 {
    var unit: UInt64 = 1
    for _ in max(digits, 0)..<6 { unit *= 10 }
    return (microseconds + unit / 2) / unit * unit
}

private struct DigitScanner {
    private let bytes: [UInt8]
    private var at = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    var isAtEnd: Bool { at == bytes.count }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard at < bytes.count, bytes[at] == UInt8(ascii: character) else { return false }
        at += 1
        return true
    }

    mutating func number(digits: Int) -> Int64? {
        guard at + digits <= bytes.count else { return nil }
        var value: Int64 = 0
        for byte in bytes[at..<at + digits] {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        at += digits
        return value
    }

    /// Days since the epoch.
    mutating func date() -> Int64? {
        guard let year = number(digits: 4), take("-"), let month = number(digits: 2), (1...12).contains(month),
            take("-"), let day = number(digits: 2), day >= 1, day <= CivilDate.daysIn(month, of: year)
        else { return nil }
        return CivilDate.daysSinceEpoch(year, month, day)
    }

    /// Microseconds since midnight.
    mutating func clock() -> Int64? {
        guard let hour = number(digits: 2), hour < 24, take(":"), let minute = number(digits: 2), minute < 60 else {
            return nil
        }
        var micros = (hour * 3600 + minute * 60) * 1_000_000
        guard take(":") else { return micros }
        guard let second = number(digits: 2), second < 60 else { return nil }
        micros += second * 1_000_000
        guard take(".") else { return micros }
        var unit: Int64 = 100_000
        var digits = 0
        while let digit = number(digits: 1) {
            micros += digit * unit
            unit /= 10
            digits += 1
        }
        return digits > 0 ? micros : nil
    }
}

private func padded(_ value: Int64, to digits: Int) -> String {
    let text = String(value)
    return text.count >= digits ? text : String(repeating: "0", count: digits - text.count) + text
}

extension Int64 {
    fileprivate func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
