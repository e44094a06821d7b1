// SPDX-License-Identifier: MIT
import Synchronization

/// Keeps ordered requests in order although some must wait before they can be submitted.
///
/// A request normally submits before its first suspension, and then order takes care of itself. One that must wait
/// first says so, and those that come after it stand in line until it is done. One that goes another way than those
/// before it also waits until they are done.
final class OrderKeeper: Sendable {
    private struct State {
        var isHeld = false
        /// Those that are past the line.
        var running = 0
        var line: [Waiting] = []
        /// The one that holds the order, while it waits to be the only one.
        var loner: CheckedContinuation<Void, Never>?

        /// One has ended: who goes on now.
        mutating func end(holds: Bool) -> [Waiting] {
            running -= 1
            if holds {
                var next: [Waiting] = []
                while !line.isEmpty {
                    next.append(line.removeFirst())
                    if case .request? = next.last {
                        running += 1
                        return next
                    }
                }
                isHeld = false
                return next
            }
            guard running == 1, let loner else { return [] }
            self.loner = nil
            return [.request(loner)]
        }
    }

    /// Somebody in line.
    private enum Waiting {
        case request(CheckedContinuation<Void, Never>)
        case note(@Sendable () -> Void)

        func goOn() {
            switch self {
            case .request(let continuation): continuation.resume()
            case .note(let body): body()
            }
        }
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

        /// Holds the order, and waits until the requests before this one are done. To be called before anything else.
        func alone() async {
            hold()
            await withCheckedContinuation { continuation in
                let isAlone = keeper.state.withLock { state in
                    if state.running == 1 { return true }
                    state.loner = continuation
                    return false
                }
                if isAlone { continuation.resume() }
            }
        }

        fileprivate func end() {
            let holds = holds.withLock { $0 }
            for next in keeper.state.withLock({ $0.end(holds: holds) }) { next.goOn() }
        }
    }

    /// For a request that submits at once or not at all: takes its place unless somebody holds the order. Whoever got in
    /// calls ``leave()``.
    func enter() -> Bool {
        state.withLock { state in
            if !state.isHeld { state.running += 1 }
            return !state.isHeld
        }
    }

    func leave() {
        for next in state.withLock({ $0.end(holds: false) }) { next.goOn() }
    }

    /// Runs `body`, after those before it where one of them holds the order.
    func run<R, Failure: Error>(_ body: (Turn) async throws(Failure) -> R) async throws(Failure) -> R {
        let mustWait = state.withLock { state in
            if !state.isHeld { state.running += 1 }
            return state.isHeld
        }
        if mustWait { await standInLine() }
        let turn = Turn(self, holds: mustWait)
        defer { turn.end() }
        return try await body(turn)
    }

    /// Runs `body`, which is short and does not wait, in the place of a request that was refused: now, or after those in line.
    /// Of several that follow one another the first is enough.
    func note(_ body: @escaping @Sendable () -> Void) {
        let runsNow = state.withLock { state in
            guard state.isHeld else { return true }
            if case .note? = state.line.last { return false }
            state.line.append(.note(body))
            return false
        }
        if runsNow { body() }
    }

    /// Whether somebody holds the order.
    var isHeld: Bool { state.withLock { $0.isHeld } }

    private func standInLine() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if !state.isHeld {
                    state.isHeld = true
                    state.running += 1
                    return true
                }
                state.line.append(.request(continuation))
                return false
            }
            if isFree { continuation.resume() }
        }
    }
}
