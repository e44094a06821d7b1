// SPDX-License-Identifier: MIT
import Testing

@testable import BlockingThread

@Suite struct JobQueueTests {
    @Test func onlyASleepingThreadIsWoken() {
        var queue = JobQueue<Int>(jobsMax: 10)
        #expect(wakes(queue.submit(1)) == false)  // it has not looked yet, so it is awake
        #expect(batch(queue.next()) == [1])
        #expect(wakes(queue.submit(2)) == false)
        #expect(batch(queue.next()) == [2])
        let nothing = queue.next()
        #expect(nothing == nil)  // sleeps
        #expect(wakes(queue.submit(3)) == true)
        #expect(wakes(queue.submit(4)) == false)
        #expect(batch(queue.next()) == [3, 4])
    }

    @Test func aStoppedQueueEndsAfterItsJobs() {
        var queue = JobQueue<Int>(jobsMax: 1)
        _ = queue.submit(1)
        _ = queue.submit(2)
        let (first, second) = (queue.stop(), queue.stop())
        #expect(first && !second)
        #expect(wakes(queue.submit(3)) == nil)
        #expect(queue.count == 2)
        #expect(batch(queue.next()) == [1])
        #expect(batch(queue.next()) == [2])
        guard case .end = queue.next() else {
            Issue.record("an empty, stopped queue ends")
            return
        }
    }

    private func wakes(_ submission: JobQueue<Int>.Submission) -> Bool? {
        switch submission {
        case .refused: nil
        case .queued(let wake): wake
        }
    }

    private func batch(_ next: JobQueue<Int>.Next?) -> [Int]? {
        if case .batch(let jobs) = next { jobs } else { nil }
    }
}
