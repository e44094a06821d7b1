// SPDX-License-Identifier: MIT
import Synchronization

/// Lets one caller at a time through for each key, in the order of arrival.
final class KeyedLine: Sendable {
    private typealias Waiter = UInt64

    private struct State {
        /// Who waits for a key; an entry without waiters means that somebody is inside.
        var lines: [[UInt8]: [Waiter]] = [:]
        var seats: [Waiter: CheckedContinuation<Void, any Error>] = [:]
        /// Answers to those who had not sat down yet.
        var early: [Waiter: Result<Void, any Error>] = [:]
        var nextWaiter: Waiter = 0

        /// Nil: go through.
        mutating func enter(_ key: [UInt8]) -> Waiter? {
            guard lines[key] != nil else {
                lines[key] = []
                return nil
            }
            defer { nextWaiter += 1 }
            lines[key]?.append(nextWaiter)
            return nextWaiter
        }

        mutating func leave(_ key: [UInt8]) {
            guard var line = lines[key], !line.isEmpty else {
                lines[key] = nil
                return
            }
            let next = line.removeFirst()
            lines[key] = line
            answer(next, .success(()))
        }

        /// Nothing when it is through already.
        mutating func cancel(_ waiter: Waiter, _ key: [UInt8]) {
            guard let position = lines[key]?.firstIndex(of: waiter) else { return }
            lines[key]?.remove(at: position)
            answer(waiter, .failure(CancellationError()))
        }

        mutating func sit(_ waiter: Waiter, _ continuation: CheckedContinuation<Void, any Error>) {
            if let answer = early.removeValue(forKey: waiter) {
                continuation.resume(with: answer)
            } else {
                seats[waiter] = continuation
            }
        }

        private mutating func answer(_ waiter: Waiter, _ answer: Result<Void, any Error>) {
            if let continuation = seats.removeValue(forKey: waiter) {
                continuation.resume(with: answer)
            } else {
                early[waiter] = answer
            }
        }
    }

    private let state = Mutex(State())

    /// Runs `body` alone among those of this key. Throws `CancellationError` when cancelled while waiting.
    func run<R>(_ key: [UInt8], _ body: () async throws -> R) async throws -> R {
        if let waiter = state.withLock({ $0.enter(key) }) { try await wait(waiter, key) }
        defer { state.withLock { $0.leave(key) } }
        return try await body()
    }

    private func wait(_ waiter: Waiter, _ key: [UInt8]) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                state.withLock { $0.sit(waiter, continuation) }
            }
        } onCancel: {
            state.withLock { $0.cancel(waiter, key) }
        }
    }
}
