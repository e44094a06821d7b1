// SPDX-License-Identifier: MIT
import Keyspace
import SQLiteConnection
import TransactionModel

/// Moves transactions along their life; each change is checked against the state it starts from.
struct AdvanceProcedure {
    let store: Store
    /// What follows at once. What is committed here and released there, in the same order, is brought to its end in one
    /// step: its row is written once, not twice.
    private let release: Release?
    /// So many of the release are done.
    private(set) var released = 0

    init(store: Store, followedBy release: Release? = nil) {
        self.store = store
        self.release = release
    }

    /// What remains of the release.
    var rest: Release? {
        release.map { Release(Array($0.transactions[released...]), at: $0.at) }
    }

    mutating func run(_ advance: Advance) throws(SQLiteError) -> [AdvanceOutcome] {
        var outcomes: [AdvanceOutcome] = []
        outcomes.reserveCapacity(advance.changes.count)
        for change in advance.changes { outcomes.append(try run(change, token: advance.token, at: advance.at)) }
        return outcomes
    }

    private mutating func run(
        _ change: Advance.Change, token: Int64?, at time: Timestamp
    ) throws(SQLiteError) -> AdvanceOutcome {
        guard let row = try store.transactions.row(change.transactionID) else { return .unknown }
        let status = row.state.status(isClaimed: store.memory.claims.contains(row.sequence))
        guard status == change.start else { return .stale(status) }
        if let token, status == .processing, store.memory.claims.token(of: row.sequence) != token {
            return .stale(status)
        }
        switch change {
        case .committed, .returned, .retrying, .dead, .parked:
            try finishAttempt(change, row, at: time)
            return .advanced(unparked: 0)
        case .reverted(let id):
            try revert(id, row)
            return .advanced(unparked: 0)
        case .due, .requeued, .cancelled, .discarded:
            try leave(change, row, at: time)
            return .advanced(
                unparked: try BlockRelease(store: store).run(
                    row.sequence, change.transactionID, parkedBehind: row.blocker))
        }
    }

    /// processing -> anything.
    private mutating func finishAttempt(
        _ change: Advance.Change, _ row: TransactionTable.Row, at time: Timestamp
    ) throws(SQLiteError) {
        let claimedAt = store.memory.claims.resolve(row.sequence)
        switch change {
        case .committed(let id, let position, let generatedIDs):
            let release = takeRelease(of: id)
            try store.transactions.update(
                row.sequence,
                """
                state = ?7, processing_at = ?2, committed_at = ?3, timeline = ?4, position = ?5,
                generated_ids = coalesce(?6, generated_ids), replicated_at = ?8, expires_at = ?9
                """
            ) { statement in
                statement.bind(2, claimedAt)
                statement.bind(3, time)
                statement.bind(4, Int64(position.timeline))
                statement.bind(5, position.orderedBits)
                statement.bind(6, generatedIDs)
                statement.bind(7, release == nil ? StoredState.committed.rawValue : StoredState.replicated.rawValue)
                statement.bind(8, release.map { $0.at })
                statement.bind(9, release.map { $0.at + store.settings.site.statusTimeToLive })
            }
            if let release { try ReleaseProcedure(store: store).leave(release.transaction, row.sequence) }
            store.memory.counters.pending -= 1
            store.memory.counters.committed += 1
            store.memory.counters.bytesUnfinished -= row.bytes
            store.touch(id, \.transactionBuffer, \.replicationPending)
        case .returned(let id):
            store.memory.waits(row.sequence)
            store.touch(id)
        case .retrying(let id, let attempts, let due, let error, let held):
            try store.transactions.update(
                row.sequence,
                """
                state = 1, processing_at = ?2, attempts = ?3, due_at = ?4, error_code = ?5, error_message = ?6,
                error_at = ?7
                """
            ) { statement in
                statement.bind(2, claimedAt)
                statement.bind(3, Int64(attempts))
                statement.bind(4, due)
                statement.bind(5, error)
            }
            try store.held.hold(held, by: row.sequence)
            store.memory.counters.pending -= 1
            store.memory.counters.retrying += 1
            store.touch(id, \.transactionBuffer, \.transactionRetry, \.heldRecords)
        case .dead(let id, let error, let held, let released):
            try store.transactions.update(
                row.sequence,
                """
                state = 4, attempts = attempts + 1, processing_at = ?2, dead_at = ?3, error_code = ?4,
                error_message = ?5, error_at = ?6
                """
            ) { statement in
                statement.bind(2, claimedAt)
                statement.bind(3, time)
                statement.bind(4, error)
            }
            try store.held.hold(held, by: row.sequence)
            try store.overlay.remove(released, of: row.sequence)
            store.memory.counters.pending -= 1
            store.memory.counters.deadLetter += 1
            store.touch(id, \.transactionBuffer, \.transactionDeadLetter, \.heldRecords)
            store.touch(released)
        case .parked(let id, let blocker, let held):
            try park(id, row, behind: blocker, held)
        case .due, .requeued, .cancelled, .discarded, .reverted:
            preconditionFailure("These do not start from processing.")
        }
    }

    private mutating func takeRelease(of id: TransactionID) -> (transaction: Release.Released, at: Timestamp)? {
        guard let release, released < release.transactions.count,
            release.transactions[released].transactionID == id
        else { return nil }
        defer { released += 1 }
        return (release.transactions[released], release.at)
    }

    /// A blocker that is resolved by now would never wake the follower: that one simply waits again.
    private func park(
        _ id: TransactionID, _ row: TransactionTable.Row, behind blocker: TransactionID, _ held: [ConflictKey]
    ) throws(SQLiteError) {
        guard let other = try store.transactions.row(blocker), other.isBlocked, other.sequence != row.sequence else {
            store.memory.waits(row.sequence)
            store.touch(id)
            return
        }
        try store.transactions.update(row.sequence, "blocker = ?2") { $0.bind(2, other.sequence) }
        try store.held.hold(held, by: row.sequence)
        store.memory.counters.parked += 1
        store.touch(id, \.transactionBuffer, \.heldRecords)
        store.touch(store.keys.parked(behind: blocker))
    }

    /// retrying, dead_letter or pending -> out of it. Whatever it blocked is freed by the caller.
    private func leave(
        _ change: Advance.Change, _ row: TransactionTable.Row, at time: Timestamp
    ) throws(SQLiteError) {
        switch change {
        case .due(let id):
            try store.transactions.update(row.sequence, "state = 0")
            store.memory.counters.retrying -= 1
            store.memory.counters.pending += 1
            store.memory.waits(row.sequence)
            store.touch(id, \.transactionBuffer, \.transactionRetry)
        case .requeued(let id, let revised):
            try store.transactions.update(row.sequence, "state = 0, attempts = 0, claims = 0, dead_at = NULL")
            if let revised { try revise(row, revised) }
            store.memory.counters.deadLetter -= 1
            store.memory.counters.pending += 1
            store.memory.waits(row.sequence)
            store.touch(id, \.transactionBuffer, \.transactionDeadLetter)
        case .cancelled(let id, let released):
            try end(row, .cancelled, released, at: time)
            store.memory.counters.pending -= 1
            if row.blocker != nil { store.memory.counters.parked -= 1 }
            store.memory.counters.cancelled += 1
            store.touch(id, \.transactionBuffer)
            if let blocker = row.blocker, let id = try store.transactions.id(of: blocker) {
                store.touch(store.keys.parked(behind: id))
            }
        case .discarded(let id, let released):
            try end(row, .discarded, released, at: time)
            store.memory.counters.deadLetter -= 1
            store.memory.counters.discarded += 1
            store.touch(id, \.transactionDeadLetter)
        case .committed, .returned, .retrying, .dead, .parked, .reverted:
            preconditionFailure("These start from processing.")
        }
    }

    /// committed -> pending: its old place in the order is its new one. Ids that the lost database had assigned are lost too:
    /// those of the payload stand again, also for a repeat, because an operator may have changed them.
    private func revert(_ id: TransactionID, _ row: TransactionTable.Row) throws(SQLiteError) {
        let ids = try store.transactions.payloadIDs(row.sequence)
        try store.transactions.update(
            row.sequence,
            """
            state = 0, attempts = 0, claims = 0, committed_at = NULL, timeline = NULL, position = NULL,
            generated_ids = ?2
            """
        ) { $0.bind(2, ids) }
        store.memory.counters.committed -= 1
        store.memory.counters.pending += 1
        store.memory.counters.bytesUnfinished += row.bytes
        store.memory.waits(row.sequence)
        store.touch(id, \.transactionBuffer, \.replicationPending)
    }

    private func revise(_ row: TransactionTable.Row, _ revision: Advance.Revision) throws(SQLiteError) {
        try store.overlay.remove(revision.previous, of: row.sequence)
        try store.overlay.insert(revision.changes, of: row.sequence)
        let assignments = "payload = ?2, bytes = ?3, generated_ids = coalesce(?4, generated_ids)"
        try store.transactions.update(row.sequence, assignments) { statement in
            statement.bind(2, revision.payload)
            statement.bind(3, Int64(revision.payload.count))
            statement.bind(4, revision.generatedIDs)
        }
        store.memory.counters.bytesUnfinished += Int64(revision.payload.count) - row.bytes
        store.memory.counters.revisions += 1
        store.touch(revision.previous + revision.changes.map(\.record))
    }

    private func end(
        _ row: TransactionTable.Row, _ state: StoredState, _ released: [RecordKey], at time: Timestamp
    ) throws(SQLiteError) {
        let expiry = time + store.settings.site.statusTimeToLive
        try store.transactions.update(row.sequence, "state = ?2, blocker = NULL, expires_at = ?3") { statement in
            statement.bind(2, state.rawValue)
            statement.bind(3, expiry)
        }
        try store.overlay.remove(released, of: row.sequence)
        store.memory.counters.terminal += 1
        store.memory.counters.bytesUnfinished -= row.bytes
        store.touch(released)
    }
}

extension TransactionTable.Row {
    /// Others may be parked behind it.
    var isBlocked: Bool {
        switch state {
        case .retrying, .deadLetter: true
        case .pending: blocker != nil
        case .committed, .replicated, .cancelled, .discarded: false
        }
    }
}

extension Advance.Change {
    /// The status from which it starts.
    var start: TransactionStatus {
        switch self {
        case .committed, .returned, .retrying, .dead, .parked: .processing
        case .due: .retrying
        case .requeued, .discarded: .deadLetter
        case .cancelled: .pending
        case .reverted: .committed
        }
    }
}
