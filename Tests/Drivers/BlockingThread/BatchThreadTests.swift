// SPDX-License-Identifier: MIT
import Glibc
import Synchronization
import Testing

@testable import BlockingThread

@Suite struct BatchThreadTests {
    @Test func jobsAreHandledInTheOrderOfSubmission() {
        let seen = Mutex<[Int]>([])
        let thread = BatchThread<Int>(name: "order", jobsMax: 7) { jobs in seen.withLock { $0 += jobs } }
        for job in 0..<1000 { #expect(thread.submit(job)) }
        thread.stop()
        #expect(seen.withLock { $0 } == Array(0..<1000))
    }

    @Test func whatQueuedUpMeanwhileIsHandledAtOnceInBatchesOfAtMostJobsMax() {
        let gate = Gate()
        let sizes = Mutex<[Int]>([])
        let thread = BatchThread<Int>(name: "batches", jobsMax: 4) { jobs in
            if jobs == [0] { gate.pass() }
            sizes.withLock { $0.append(jobs.count) }
        }
        #expect(thread.submit(0))
        gate.waitUntilReached()
        for job in 1...10 { #expect(thread.submit(job)) }
        #expect(thread.waiting == 10)
        gate.open()
        thread.stop()
        #expect(sizes.withLock { $0 } == [1, 4, 4, 2])
        #expect(thread.waiting == 0)
    }

    @Test func afterStopJobsAreRefusedAndThoseQueuedWereHandled() {
        let count = Mutex(0)
        let thread = BatchThread<Int>(name: "stop", jobsMax: 10) { jobs in count.withLock { $0 += jobs.count } }
        for job in 0..<100 { #expect(thread.submit(job)) }
        thread.stop()
        #expect(count.withLock { $0 } == 100)
        #expect(!thread.submit(1))
        thread.stop()  // a second time: returns
        #expect(count.withLock { $0 } == 100)
    }

    @Test func theStateLivesOnTheThreadAndEndsWithIt() {
        final class Witness {
            let thread = pthread_self()
            let ended: @Sendable (Bool) -> Void
            init(_ ended: @escaping @Sendable (Bool) -> Void) { self.ended = ended }
            deinit { ended(pthread_equal(thread, pthread_self()) != 0) }
        }
        let endedOnItsThread = Mutex<Bool?>(nil)
        let sameThread = Mutex<[Bool]>([])
        let caller = pthread_self()
        let thread = BatchThread<Int>(
            name: "state", jobsMax: 1,
            makeState: { Witness { onItsThread in endedOnItsThread.withLock { $0 = onItsThread } } },
            handle: { state, _ in
                let here = pthread_self()
                let isSame = pthread_equal(state.thread, here) != 0 && pthread_equal(here, caller) == 0
                sameThread.withLock { $0.append(isSame) }
            })
        for job in 0..<3 { #expect(thread.submit(job)) }
        thread.stop()
        #expect(sameThread.withLock { $0 } == [true, true, true])
        #expect(endedOnItsThread.withLock { $0 } == true)
    }

    @Test func manySubmittersLoseNothing() async {
        let sum = Mutex(0)
        let thread = BatchThread<Int>(name: "many", jobsMax: 100) { jobs in sum.withLock { $0 += jobs.reduce(0, +) } }
        await withTaskGroup { group in
            for _ in 0..<8 { group.addTask { for job in 1...500 { #expect(thread.submit(job)) } } }
        }
        thread.stop()
        #expect(sum.withLock { $0 } == 8 * 500 * 501 / 2)
    }

    @Test func aThreadThatNobodyHoldsStillHandlesItsQueue() async {
        let handled = await withCheckedContinuation { (continuation: CheckedContinuation<Int, Never>) in
            let thread = BatchThread<Int>(name: "dropped", jobsMax: 1) { continuation.resume(returning: $0[0]) }
            _ = thread.submit(7)
        }
        #expect(handled == 7)
    }

    @Test(arguments: [
        ("keyspace", "keyspace"), ("a name that is too long", "a name that is "), ("ääääääää", "äääääää"), ("", ""),
    ])
    func namesAreCutToFifteenBytes(name: String, shown: String) {
        #expect(SystemThread.shortened(name) == shown)
        let seen = Mutex("")
        let thread = BatchThread<Int>(name: name, jobsMax: 1) { _ in
            var buffer = [UInt8](repeating: 0, count: 32)
            let file = open("/proc/thread-self/comm", O_RDONLY)
            let count = read(file, &buffer, buffer.count)
            close(file)
            seen.withLock { $0 = String(decoding: buffer[..<max(0, count - 1)], as: UTF8.self) }
        }
        #expect(thread.submit(1))
        thread.stop()
        #expect(seen.withLock { $0 } == shown)
    }
}

/// Holds a thread at a known point.
final class Gate: Sendable {
    private let state = Monitor((isReached: false, isOpen: false))

    func pass() {
        state.withLock { $0.isReached = true }
        state.wakeAll()
        state.wait { $0.isOpen ? () : nil }
    }

    func waitUntilReached() { state.wait { $0.isReached ? () : nil } }

    func open() {
        state.withLock { $0.isOpen = true }
        state.wakeAll()
    }
}
