// SPDX-License-Identifier: MIT
import Keyspace
import MainDatabase
import Synchronization
import TransactionBuffering
import TransactionModel

/// Keeps the right to process a site: elected in the keyspace, fenced by the main database.
///
/// Only the processor's loop calls ``keep()``. The lease is prolonged after a third of its life; when it could not be
/// (the process stood still, the keyspace was away), another process may have it, and its token fences this one's batches off.
final class LeaseKeeper: Sendable {
    private struct State {
        var lease: Lease?
        var prolongAt: Timestamp?
        var isDatabaseOlder = false
    }

    enum Standing {
        case ours(Lease)
        /// Ours from now on: a token was taken.
        case new(Lease)
        /// Another process has it, at most so long unless it prolongs it.
        case others(remaining: Duration)
    }

    private let access: KeyspaceAccess
    private let database: any MainDatabase
    private let site: String
    private let holder: String
    private let timeToLive: Duration
    private let now: @Sendable () -> Timestamp
    private let state = Mutex(State())

    init(
        access: KeyspaceAccess, database: any MainDatabase, site: String, timeToLive: Duration,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.access = access
        self.database = database
        self.site = site
        self.timeToLive = timeToLive
        self.now = now
        var generator = SystemRandomNumberGenerator()
        holder = String(generator.next(), radix: 36) + String(generator.next(), radix: 36)
    }

    /// Under which this process works; nil: it does not.
    var lease: Lease? { state.withLock { $0.lease } }

    var token: Int64? { lease?.token }

    /// The lease was taken in a database that is older than the last one, or another one, and nobody has said yet that
    /// it is meant so.
    var isDatabaseOlder: Bool { state.withLock { $0.isDatabaseOlder } }

    /// Other signs than its token say that the database is another one.
    func doubtDatabase() { state.withLock { $0.isDatabaseOlder = true } }

    func approveDatabase() { state.withLock { $0.isDatabaseOlder = false } }

    /// Takes, prolongs or confirms the lease.
    func keep() async throws -> Standing {
        let time = now()
        let (lease, prolongAt) = state.withLock { ($0.lease, $0.prolongAt) }
        if let lease, let prolongAt, time < prolongAt { return .ours(lease) }
        let lastToken: Int64
        switch try await ask(.acquire, at: time) {
        case .granted(let token): lastToken = token
        case .refused(_, let remaining): return .others(remaining: remaining)
        case .ended: return .others(remaining: .zero)
        }
        // A higher token was confirmed by a process that had it in between.
        if let lease, lastToken == lease.token { return .ours(lease) }
        let taken: Lease
        do {
            taken = try await database.takeLease(site: site, atLeast: lastToken)
        } catch {
            // Another process may reach the database.
            if access.keyspace.isShared { _ = try? await ask(.giveUp, at: now()) }
            throw error
        }
        if case .refused(_, let remaining) = try await ask(.confirm(token: taken.token), at: now()) {
            return .others(remaining: remaining)
        }
        state.withLock { state in
            state.lease = taken
            if taken.isOfOlderDatabase { state.isDatabaseOlder = true }
        }
        return .new(taken)
    }

    /// Somebody else has it, or what was done under it is not known: the next token is a higher one.
    func forget() { state.withLock { $0 = State(isDatabaseOlder: $0.isDatabaseOlder) } }

    /// So that the next one need not wait.
    func giveUp() async {
        guard token != nil else { return }
        forget()
        _ = try? await ask(.giveUp, at: now())
    }

    private func ask(_ action: LeaseRequest.Action, at time: Timestamp) async throws -> LeaseOutcome {
        let outcome = try await access.lease(
            LeaseRequest(action, holder: holder, timeToLive: timeToLive, at: time))
        switch outcome {
        case .granted: state.withLock { $0.prolongAt = time + timeToLive / 3 }
        case .refused, .ended: forget()
        }
        return outcome
    }
}
