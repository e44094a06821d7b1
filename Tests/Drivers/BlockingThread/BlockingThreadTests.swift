// SPDX-License-Identifier: MIT
import Synchronization
import Testing

@testable import BlockingThread

@Suite struct BlockingThreadTests {
    struct Refusal: Error, Equatable { var reason: Int }

    @Test func bodiesShareTheStateOneAfterTheOther() async {
        let thread = BlockingThread(name: "counter") { 0 }
        await withTaskGroup { group in
            for _ in 0..<200 { group.addTask { await thread.run { $0 += 1 } } }
        }
        #expect(await thread.run { $0 } == 200)
        thread.stop()
    }

    @Test func anErrorComesBackWithItsType() async {
        let thread = BlockingThread(name: "errors") { 41 }
        do throws(Refusal) {
            _ = try await thread.run { state throws(Refusal) -> Int in
                state += 1
                throw Refusal(reason: state)
            }
            Issue.record("it throws")
        } catch {
            #expect(error == Refusal(reason: 42))
        }
        #expect(await thread.run { $0 } == 42)
        thread.stop()
    }

    @Test func aBodyRunsToItsEndEvenIfTheTaskIsCancelled() async {
        let thread = BlockingThread(name: "cancel") { 0 }
        let gate = Gate()
        let first = Task { await thread.run { _ in gate.pass() } }
        gate.waitUntilReached()
        let second = Task {
            await thread.run { state in
                state = 7
                return Task.isCancelled
            }
        }
        second.cancel()
        gate.open()
        await first.value
        _ = await second.value
        #expect(await thread.run { $0 } == 7)
        thread.stop()
    }

    @Test func stopEndsTheStateAfterWhatWasQueued() async {
        final class Resource: Sendable {
            let log: @Sendable (String) -> Void
            init(_ log: @escaping @Sendable (String) -> Void) { self.log = log }
            deinit { log("closed") }
        }
        let events = Mutex<[String]>([])
        let thread = BlockingThread(name: "stop") { Resource { event in events.withLock { $0.append(event) } } }
        await thread.run { $0.log("used") }
        thread.stop()
        #expect(events.withLock { $0 } == ["used", "closed"])
    }
}
