// SPDX-License-Identifier: MIT
#if Postgres
import Foundation

/// Counts the checked reads of all clients, and tells them when it is enough.
final class RecallGate: @unchecked Sendable {  // everything mutable is behind the condition
    private let condition = NSCondition()
    private let goal: Int
    private var checked = 0
    private var isStopped = false
    private var refusals: [String: Int] = [:]

    init(goal: Int) { self.goal = goal }

    var isOpen: Bool { change { !isStopped && checked < goal } }
    var reads: Int { change { checked } }
    /// Reads and writes that were not answered, by the kind of error.
    var unanswered: String {
        change { refusals.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ") }
    }

    func count() { change { checked += 1 } }
    func refuse(_ kind: String) { change { refusals[kind, default: 0] += 1 } }
    /// Something went wrong: nobody goes on.
    func end() { change { isStopped = true } }
    var hasEnded: Bool { change { isStopped } }

    /// Waits for so many further reads, or until the time is over: at some moments no read can be answered.
    func wait(forReads count: Int, seconds: TimeInterval) {
        let end = Date(timeIntervalSinceNow: seconds)
        condition.lock()
        defer { condition.unlock() }
        let wanted = min(checked + count, goal)
        while checked < wanted, !isStopped, condition.wait(until: end) {}
    }

    private func change<R>(_ body: () -> R) -> R {
        condition.lock()
        defer {
            condition.broadcast()
            condition.unlock()
        }
        return body()
    }
}
#endif
