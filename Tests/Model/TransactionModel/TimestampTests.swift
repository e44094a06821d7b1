// SPDX-License-Identifier: MIT
import JSON
import SeededRandom
import Testing

@testable import TransactionModel

@Suite struct TimestampTests {
    static let readable: [(text: String, canonical: String)] = [
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"),
        ("2026-11-21 08:10", "2026-11-21T08:10:00.000000Z"),
        ("2026-11-21t08:10:00.1z", "2026-11-21T08:10:00.100000Z"),
        ("2026-11-21T08:10:00.123456789Z", "2026-11-21T08:10:00.123456Z"),
        ("2026-11-21T00:30:00+01:00", "2026-11-20T23:30:00.000000Z"),
        ("2026-12-31T23:30:00-0100", "2027-01-01T00:30:00.000000Z"),
        ("2024-02-29T12:00:00Z", "2024-02-29T12:00:00.000000Z"),
        ("2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000000Z"),
        ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000000Z"),
        ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ]

    static let unreadable = [
        "", "2026", "2026-11-21", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
        "2026-11-31T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T08:60:00Z", "2026-11-21T08:10:60Z",
        "2026-11-21T08:10:00.Z", "2026-11-21T08:10:00+24:00", "2026-11-21T08:10:00Zx", " 2026-11-21T08:10:00Z",
        "２026-11-21T08:10:00Z", "2026-11-21T8:10:00Z",
    ]

    @Test("times are read into UTC with microseconds", arguments: readable)
    func reads(entry: (text: String, canonical: String)) {
        #expect(Timestamp(entry.text)?.description == entry.canonical)
    }

    @Test("what is no time is refused", arguments: unreadable)
    func refuses(text: String) { #expect(Timestamp(text) == nil) }

    @Test(
        "a column takes the years 0001 to 9999 in UTC, as rounded",
        arguments: [
            ("0001-01-01T00:00:00Z", true), ("0000-12-31T23:59:59Z", false), ("0000-01-01T00:00:00+23:00", false),
            ("0001-01-01T00:00:00+00:01", false), ("9999-12-31T23:59:59.999999Z", true),
            ("9999-12-31T23:59:59-23:59", false),
        ])
    func bounds(text: String, isTaken: Bool) {
        #expect((ColumnType.timestamp.canonical(.string(text)) != nil) == isTaken)
        #expect(ColumnType.timestamp(digits: 0).canonical("9999-12-31T23:59:59.7Z") == nil)
    }

    @Test func `every moment of ten thousand years reads back`() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<5000 {
            let time = Timestamp(
                microseconds: Int64.random(in: -62_167_219_200_000_000...253_402_300_799_999_999, using: &random))
            #expect(Timestamp(time.description) == time)
            #expect(CivilDate.isValid(time.dateText))
            #expect(ClockTime.canonical(time.timeText) == time.timeText)
        }
    }

    @Test func `times of equal length order as their texts do`() {
        let times = [-1, 0, 1, 999_999, 1_000_000, 86_400_000_000].map { Timestamp(microseconds: $0) }
        #expect(times.map(\.description) == times.map(\.description).sorted())
    }

    @Test(
        "times of day",
        arguments: [
            ("07:08", "07:08:00.000000"), ("23:59:59.5", "23:59:59.500000"), ("24:00", nil), ("7:08", nil),
            ("07:08:60", nil), ("07:08:00Z", nil),
        ])
    func clock(entry: (text: String, canonical: String?)) {
        #expect(ClockTime.canonical(entry.text) == entry.canonical)
    }

    @Test func `durations add and subtract`() {
        let time = Timestamp(microseconds: 5)
        #expect(time + .milliseconds(2) == Timestamp(microseconds: 2005))
        #expect(time - .seconds(1) == Timestamp(microseconds: -999_995))
        #expect(Timestamp(microseconds: 2005) - time == .milliseconds(2))
    }
}
