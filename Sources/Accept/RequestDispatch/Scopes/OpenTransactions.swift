// SPDX-License-Identifier: MIT
import Synchronization
import WireProtocol

/// The open transactions of all clients: how much they may hold, and for how long. One for the whole program.
public final class OpenTransactions: Sendable {
    /// Named bounds.
    public struct Limits: Sendable {
        /// From the outermost begin on; then the transaction is discarded. `scope.timeout`.
        public var timeout: Duration
        /// Commands of one open transaction.
        public var commandsMax = 10_000
        /// Bytes of commands that one open transaction holds.
        public var bytesMax = 8 << 20
        /// Bytes of commands that all open transactions hold together.
        public var bytesTotalMax = 256 << 20

        public init(timeout: Duration = .seconds(30)) { self.timeout = timeout }
    }

    private struct State {
        var bytes = 0
        var open: [ObjectIdentifier: (scope: SessionScope, deadline: ContinuousClock.Instant)] = [:]
    }

    public let limits: Limits
    let now: @Sendable () -> ContinuousClock.Instant
    private let state = Mutex(State())

    public init(limits: Limits = Limits(), now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.limits = limits
        self.now = now
    }

    /// How many are open.
    public var count: Int { state.withLock { $0.open.count } }

    /// Discards those whose time is over, and with them the connections they hold. To be called now and then; a request
    /// in a transaction whose time is over is refused in any case.
    public func discardLapsed() async {
        let time = now()
        let lapsed = state.withLock { state in state.open.values.filter { $0.deadline <= time }.map(\.scope) }
        for scope in lapsed { await scope.lapseIfDue() }
    }

    /// Answers when the transaction's time will be over.
    func opened(_ scope: SessionScope) -> ContinuousClock.Instant {
        let deadline = now() + limits.timeout
        state.withLock { $0.open[ObjectIdentifier(scope)] = (scope, deadline) }
        return deadline
    }

    func ended(_ scope: SessionScope, holding bytes: Int) {
        state.withLock { state in
            state.open[ObjectIdentifier(scope)] = nil
            state.bytes -= bytes
        }
    }

    /// Takes room for `bytes` more of a transaction that holds `held`.
    func reserve(_ bytes: Int, beside held: Int) throws(WireError) {
        guard held + bytes <= limits.bytesMax else {
            throw WireError(
                .busy, "An open transaction holds at most \(limits.bytesMax) bytes of commands; split it.",
                retryable: false, detail: "scope_bytes_max")
        }
        let fits = state.withLock { state in
            guard state.bytes + bytes <= limits.bytesTotalMax else { return false }
            state.bytes += bytes
            return true
        }
        guard fits else {
            throw WireError(
                .busy, "The open transactions of all clients hold as many bytes as they may; begin again later.",
                retryable: false, detail: "scope_bytes_total_max")
        }
    }
}
