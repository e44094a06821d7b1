// SPDX-License-Identifier: MIT
import Foundation

/// Tells the writers when a daemon serves, and the test how far they are.
final class TortureGate: @unchecked Sendable {  // everything mutable is behind the condition
    private let condition = NSCondition()
    private var generation = 0
    private var acknowledged = 0
    private var isFinishing = false
    private var writers: Int

    init(writers: Int) { self.writers = writers }

    /// A daemon serves.
    func open() { change { generation += 1 } }

    /// No new transactions any more.
    func finish() { change { isFinishing = true } }

    func acknowledge() { change { acknowledged += 1 } }

    /// A writer has ended.
    func leave() { change { writers -= 1 } }

    var mayBegin: Bool { change { !isFinishing } }

    /// Waits for a daemon after that of `last`; its generation.
    func daemon(after last: Int) -> Int {
        condition.lock()
        defer { condition.unlock() }
        while generation <= last { condition.wait() }
        return generation
    }

    /// Waits for so many further acknowledgements, or until all writers have ended.
    func wait(forAcknowledgements count: Int) {
        condition.lock()
        defer { condition.unlock() }
        let goal = acknowledged + count
        while acknowledged < goal && writers > 0 { condition.wait() }
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
