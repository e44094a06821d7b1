// SPDX-License-Identifier: MIT
import Testing

@testable import RedisKeyspace

@Suite struct EpochWatchTests {
    private func mark(_ id: String, _ sequence: Int64) -> EpochMark { EpochMark(id: id, sequence: sequence) }

    @Test func `the first look expects nothing`() {
        var watch = EpochWatch()
        #expect(watch.saw(mark("a", 7)) == nil)
        #expect(watch.mark == mark("a", 7))
    }

    @Test func `the same keyspace, further on, is in order`() {
        var watch = EpochWatch(mark("a", 7))
        #expect(watch.saw(mark("a", 7)) == nil)
        #expect(watch.saw(mark("a", 9)) == nil)
    }

    @Test func `another epoch was made anew, whatever its sequence`() {
        var watch = EpochWatch(mark("a", 7))
        #expect(watch.saw(mark("b", 100))?.kind == .replaced)
        // Told once; from now on the new one is the measure.
        #expect(watch.saw(mark("b", 100)) == nil)
    }

    @Test func `a missing epoch is another one, and one that could not be made yet is not`() {
        var watch = EpochWatch(mark("a", 7))
        #expect(watch.saw(mark("", 0))?.kind == .replaced)
        #expect(watch.saw(mark("c", 0)) == nil)
    }

    @Test func `a lower sequence than was acknowledged is an older file`() {
        var watch = EpochWatch()
        _ = watch.saw(mark("a", 7))
        let ticket = watch.ticket
        watch.acknowledged(3, ticket)
        let setBack = watch.saw(mark("a", 9))
        #expect(setBack == SetBack(.older, expected: mark("a", 10), found: mark("a", 9)))
        #expect(setBack?.message.contains("at least 1 ") == true)
    }

    @Test func `an accept that was under way when the sequence was read may be counted in it already`() {
        var watch = EpochWatch()
        _ = watch.saw(mark("a", 7))
        let ticket = watch.ticket
        watch.beginLook()
        #expect(watch.saw(mark("a", 8)) == nil)
        watch.acknowledged(1, ticket)
        #expect(watch.mark == mark("a", 8))
        #expect(watch.saw(mark("a", 8)) == nil)
    }

    @Test func `an accept that begins while the sequence is read raises no expectation of that look`() {
        var watch = EpochWatch()
        _ = watch.saw(mark("a", 7))
        watch.beginLook()
        let ticket = watch.ticket
        // Executed after the sequence was read on another connection, acknowledged before that reply came.
        watch.acknowledged(1, ticket)
        #expect(watch.saw(mark("a", 7)) == nil)
        #expect(watch.mark == mark("a", 7))
    }
}
