// SPDX-License-Identifier: MIT
import Synchronization

/// Whoever arrives waits until so many are there; those that come later pass.
final class Meeting: Sendable {
    private struct State {
        var missing: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
        var whenMet: @Sendable () -> Void = {}
    }

    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(missing: count)) }

    /// Called by the last one, before anybody goes on.
    func whenMet(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.whenMet = body } }

    func arrive() async {
        await withCheckedContinuation { continuation in
            let body = state.withLock { state -> (@Sendable () -> Void)? in
                state.waiting.append(continuation)
                state.missing -= 1
                return state.missing == 0 ? state.whenMet : nil
            }
            body?()
            letGo()
        }
    }

    /// Nobody waits any more.
    func pass() {
        state.withLock { $0.missing = 0 }
        letGo()
    }

    private func letGo() {
        let waiting = state.withLock { state in
            guard state.missing <= 0 else { return [CheckedContinuation<Void, Never>]() }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
