// SPDX-License-Identifier: MIT
#if Postgres
import BlockingThread
import MainDatabase
import PostgresConnection
import Synchronization

/// Sessions, each on a thread of its own; a call gets a free one, or waits in line.
final class SessionPool: Sendable {
    private let threads: [BlockingThread<Session>]
    private let interrupts: [PostgresInterrupt]
    private let turns: Mutex<SessionTurns<UnsafeContinuation<Int, Never>>>
    /// Whether a call may be cut off when nobody wants it any more.
    private let isInterruptible: Bool
    /// Goes up when connections must be made anew.
    private let epoch = Atomic<Int>(0)

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
        let result: Result<R, DatabaseError> = await withTaskCancellationHandler {
            let session = await acquire()
            let result: Result<R, DatabaseError> = await threads[session].run { [self] state in
                do throws(DatabaseError) {
                    return .success(try perform(turn, on: session, state, body))
                } catch {
                    return .failure(error)
                }
            }
            release(session)
            return result
        } onCancel: {
            if isInterruptible { cancel(turn) }
        }
        turns.withLock { $0.end(turn, on: -1) }
        return try result.get()
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
            if let session = turns.withLock({ $0.acquire(continuation) }) { continuation.resume(returning: session) }
        }
    }

    private func release(_ session: Int) {
        turns.withLock { $0.release(session) }?.resume(returning: session)
    }
}
#endif
