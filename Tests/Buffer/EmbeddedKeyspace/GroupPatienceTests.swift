// SPDX-License-Identifier: MIT
import Testing

@testable import EmbeddedKeyspace

@Suite("How long a group waits for company")
struct GroupPatienceTests {
    @Test("not where commits are quick, nor for a few", arguments: [(200, 64), (5000, 7), (5000, 1)])
    func startsAtOnce(commitMicroseconds: Int, operations: Int) {
        var patience = GroupPatience(quickCommitMax: .milliseconds(1))
        for _ in 0..<20 { patience.committed(operations: operations, took: .microseconds(commitMicroseconds)) }
        #expect(patience.wait(waiting: 10) == nil)
    }

    @Test("where commits are slow, for those who were answered, half a commit at most")
    func waits() throws {
        var patience = GroupPatience(quickCommitMax: .milliseconds(1))
        #expect(patience.wait(waiting: 10) == nil)
        for _ in 0..<20 { patience.committed(operations: 32, took: .milliseconds(4)) }
        let wait = try #require(patience.wait(waiting: 30))
        #expect(wait.operations == 62)
        #expect(wait.atMost > .milliseconds(1) && wait.atMost <= .milliseconds(2))
    }

    @Test("never beyond its limit")
    func isBounded() throws {
        var patience = GroupPatience(quickCommitMax: .milliseconds(1))
        for _ in 0..<40 { patience.committed(operations: 64, took: .seconds(1)) }
        #expect(try #require(patience.wait(waiting: 0)).atMost == GroupPatience.waitMax)
    }

    @Test(
        "Who came alone is served where it came from, where commits are quick",
        arguments: [(1, 200, true), (2, 200, false), (0, 200, false), (1, 2000, false)])
    func servesAlone(operations: Int, commitMicroseconds: Int, isBestAlone: Bool) {
        var patience = GroupPatience(quickCommitMax: .milliseconds(1))
        #expect(!patience.isBestAlone)
        for _ in 0..<20 { patience.committed(operations: operations, took: .microseconds(commitMicroseconds)) }
        #expect(patience.isBestAlone == isBestAlone)
    }
}
