// SPDX-License-Identifier: MIT
import Synchronization

/// Keeps ordered requests in order although some must wait before they can be submitted.
///
/// A request normally submits before its first suspension, and then order takes care of itself. One that must wait
/// first says so, and those that come after it stand in line until it is done.
final class OrderKeeper: Sendable {
    private struct State {
        var isHeld = false
        var line: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// One ordered request's place; it holds the order from ``hold()`` to its end.
    final class Turn: Sendable {
        private let keeper: OrderKeeper
        private let holds: Mutex<Bool>

        fileprivate init(_ keeper: OrderKeeper, holds: Bool) {
            self.keeper = keeper
            self.holds = Mutex(holds)
        }

        /// To be called, on the connection's event loop, before a wait that precedes the submission.
        func hold() {
            holds.withLock { holds in
                guard !holds else { return }
                holds = true
                keeper.state.withLock { $0.isHeld = true }
            }
        }

        fileprivate func end() {
            if holds.withLock({ $0 }) { keeper.passOn() }
        }
    }

    /// Runs `body`, after those before it where one of them holds the order.
    func run<R, Failure: Error>(_ body: (Turn) async throws(Failure) -> R) async throws(Failure) -> R {
        let mustWait = state.withLock { $0.isHeld }
        if mustWait { await standInLine() }
        let turn = Turn(self, holds: mustWait)
        defer { turn.end() }
        return try await body(turn)
    }

    private func standInLine() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if !state.isHeld {
                    state.isHeld = true
                    return true
                }
                state.line.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    private func passOn() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard !state.line.isEmpty else {
                state.isHeld = false
                return nil
            }
            return state.line.removeFirst()
        }
        next?.resume()
    }
}
