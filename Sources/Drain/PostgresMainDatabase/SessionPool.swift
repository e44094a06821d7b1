// SPDX-License-Identifier: MIT
#if Postgres
import BlockingThread
import MainDatabase
import PostgresConnection
import Synchronization

/// Sessions, each on a thread of its own; a call gets a free one, or waits in line.
///
/// A server may have fewer connections for us than sessions: then those that it gave do the work. Of two pools at one
/// server, one that has none takes those that the other does not use.
final class SessionPool: Sendable {
    private let threads: [BlockingThread<Session>]
    private let interrupts: [PostgresInterrupt]
    private let turns: Mutex<SessionTurns<UnsafeContinuation<Int, Never>>>
    /// Whether a call may be cut off when nobody wants it any more.
    private let isInterruptible: Bool
    /// Goes up when connections must be made anew.
    private let epoch = Atomic<Int>(0)
    /// Connects to the same server.
    private let sibling = Mutex(Sibling())

    private struct Sibling { weak var pool: SessionPool? }

    init(_ configuration: PostgresConfiguration, role: Session.Role, name: String, isInterruptible: Bool) {
        let count = min(max(configuration.connections, 1), PostgresConfiguration.connectionsMax)
        let interrupts = (0..<count).map { _ in PostgresInterrupt() }
        self.interrupts = interrupts
        self.isInterruptible = isInterruptible
        threads = interrupts.map { interrupt in
            BlockingThread(name: name) { Session(configuration, role: role, interrupt: interrupt) }
        }
        turns = Mutex(SessionTurns(sessions: count))
    }

    func run<R: Sendable>(
        _ body: @escaping @Sendable (Session, PostgresConnection) throws(DatabaseError) -> R
    ) async throws(DatabaseError) -> R {
        let turn = turns.withLock { $0.enter() }
        defer { turns.withLock { $0.end(turn, on: -1) } }
        let result: Result<R, DatabaseError> = await withTaskCancellationHandler {
            var hasAskedSibling = false
            while true {
                let (result, waits) = await attempt(turn, body)
                guard case .failure(let error) = result, error.code == Self.refusal, !Task.isCancelled else {
                    return result
                }
                if waits { continue }
                let other = sibling.withLock { $0.pool }
                guard !hasAskedSibling, await other?.closeIdle() == true else { return result }
                hasAskedSibling = true
            }
        } onCancel: {
            if isInterruptible { cancel(turn) }
        }
        return try result.get()
    }

    /// SQLSTATE of a server that has no connection left: nothing was done.
    private static let refusal = "53300"

    /// `waits`: the server gave no connection to this one, and there are others to wait for.
    private func attempt<R: Sendable>(
        _ turn: Int, _ body: @escaping @Sendable (Session, PostgresConnection) throws(DatabaseError) -> R
    ) async -> (result: Result<R, DatabaseError>, waits: Bool) {
        let session = await acquire()
        let (result, isConnected): (Result<R, DatabaseError>, Bool) = await threads[session].run { [self] state in
            do throws(DatabaseError) {
                return (.success(try perform(turn, on: session, state, body)), state.isConnected)
            } catch {
                return (.failure(error), state.isConnected)
            }
        }
        var waits = false
        if !isConnected, case .failure(let error) = result, error.code == Self.refusal {
            waits = turns.withLock { $0.refused(at: .now) }
        }
        release(session, isConnected: isConnected)
        return (result, waits)
    }

    /// From now on both may take from each other what is not used.
    func share(with other: SessionPool) {
        sibling.withLock { $0.pool = other }
        other.sibling.withLock { $0.pool = self }
    }

    /// Closes connections that nobody uses. False: there were none.
    private func closeIdle() async -> Bool {
        let idle = turns.withLock { $0.takeIdle() }
        for session in idle {
            await threads[session].run { $0.disconnect() }
            release(session, isConnected: false)
        }
        return !idle.isEmpty
    }

    /// Interrupts what may be interrupted; later calls fail as unavailable.
    func close() async {
        turns.withLock { turns in
            let running = turns.close()
            if isInterruptible { for session in running { interrupts[session].interrupt() } }
        }
        for thread in threads { await thread.run { $0.close() } }
    }

    private func perform<R>(
        _ turn: Int, on session: Int, _ state: Session,
        _ body: (Session, PostgresConnection) throws(DatabaseError) -> R
    ) throws(DatabaseError) -> R {
        let begins = turns.withLock { turns in
            interrupts[session].reset()
            return turns.begin(turn, on: session)
        }
        guard begins else { throw DatabaseError(.unavailable, code: "cancelled", "The call is no longer wanted.") }
        defer { turns.withLock { $0.end(turn, on: session) } }
        return try state.withConnection(epoch: epoch.load(ordering: .acquiring)) { connection throws(DatabaseError) in
            try body(state, connection)
        }
    }

    /// Every session connects anew before its next call, so that all of them reach the server that is the right one now.
    func renew() { epoch.add(1, ordering: .acquiringAndReleasing) }

    private func cancel(_ turn: Int) {
        turns.withLock { if let session = $0.cancel(turn) { interrupts[session].interrupt() } }
    }

    private func acquire() async -> Int {
        await withUnsafeContinuation { continuation in
            if let session = turns.withLock({ $0.acquire(continuation, at: .now) }) {
                continuation.resume(returning: session)
            }
        }
    }

    private func release(_ session: Int, isConnected: Bool) {
        let handed = turns.withLock { $0.release(session, isConnected: isConnected, at: .now) }
        for (waiter, session) in handed { waiter.resume(returning: session) }
    }
}
#endif
