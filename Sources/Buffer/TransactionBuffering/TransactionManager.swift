// SPDX-License-Identifier: MIT
public import JSON
public import Keyspace
import ReentrantTransactions
import Synchronization
public import TransactionModel

/// Makes transactions durable, and answers what became of them.
///
/// `buffer` validates, derives ids, and hands the store one `accept`: queue entry, status, caches, overlay, indexes and
/// counters become visible together or not at all. Everything later in a transaction's life goes through ``advance(_:)``.
public final class TransactionManager: Sendable {
    public let site: SiteConfiguration
    public let keys: SiteKeys
    public let events = TransactionEvents()
    public let schema: SchemaCache
    let access: KeyspaceAccess
    let now: @Sendable () -> Timestamp
    private let newID: @Sendable (Timestamp) -> TransactionID
    private let hooks = Mutex<(executor: (any TransactionExecuting)?, tracker: (any PositionTracking)?)>((nil, nil))
    private let mainTimeout: Duration
    private let marks = DeleteMarks()

    /// - Parameter mainTimeout: How long a site of kind `main` waits for the commit before it answers `pending`.
    public init(
        site: SiteConfiguration, keys: SiteKeys, access: KeyspaceAccess, schemaSource: any SchemaSource,
        now: @escaping @Sendable () -> Timestamp,
        newID: @escaping @Sendable (Timestamp) -> TransactionID, mainTimeout: Duration = .seconds(30)
    ) {
        self.site = site
        self.keys = keys
        self.access = access
        self.now = now
        self.newID = newID
        self.mainTimeout = mainTimeout
        schema = SchemaCache(access: access, keys: keys, source: schemaSource)
    }

    /// Nil where other processes accept too.
    public var deleteMarks: DeleteMarks? { access.keyspace.isShared ? nil : marks }

    public var currentTime: Timestamp { now() }

    public func setExecutor(_ executor: any TransactionExecuting) { hooks.withLock { $0.executor = executor } }

    public func setPositionTracker(_ tracker: any PositionTracking) { hooks.withLock { $0.tracker = tracker } }

    /// Accepts a transaction as the client sent it (`params.transaction`).
    ///
    /// Throws `.validationFailed` with the path, `.transactionConflict`, `.bufferFull`, `.busy`, `.storeUnavailable`, or
    /// `.outcomeUnknown`. The accept is submitted before the first suspension, unless something must be looked up first:
    /// then `willWait` is called before that wait, so that a caller who owes an order can keep it. At a site of kind `main` the
    /// receipt waits for the commit, until `deadline` or the site's own limit.
    public func buffer(
        _ view: JSONView, before deadline: ContinuousClock.Instant? = nil, willWait: () -> Void = {}
    ) async throws(BufferingError) -> Receipt {
        let built = try await build(view, id: try transactionID(of: view), willWait)
        guard case .replies(let replies) = try await transact(built) else {
            return receipt(built, status: nil, isDuplicate: false)
        }
        guard case .accept(let outcome)? = replies.first else {
            throw BufferingError(.internalError, "the store gave no answer to an accept")
        }
        let receipt = try receipt(at: outcome, built)
        return outcome == .accepted ? await committedAtMain([receipt], before: deadline)[0] : receipt
    }

    private func transact(_ built: BuiltTransaction) async throws(BufferingError) -> KeyspaceAccess.Outcome {
        // Whatever comes of it here: it may have been accepted.
        defer { marks.note(built.deletesIn) }
        return try await access.transact([.accept(built.accept(at: now()))])
    }

    /// At a site of kind `main`: the receipts of accepted transactions once these are applied. What goes wrong meanwhile
    /// takes nothing from the accept; then, behind a dead letter, and when the time is over, they stay as they are.
    public func committedAtMain(
        _ receipts: [Receipt], before deadline: ContinuousClock.Instant? = nil
    ) async -> [Receipt] {
        guard site.kind == .main else { return receipts }
        let end = ContinuousClock.now + mainTimeout
        let deadline = min(deadline ?? end, end)
        var receipts = receipts
        for index in receipts.indices {
            let timeout = max(.zero, deadline - .now)
            let reached = try? await reached(
                receipts[index].transactionID, .committed, timeout: timeout, endsWhenHeld: true)
            receipts[index].status = reached?.status ?? .pending
        }
        return receipts
    }

    /// As ``buffer(_:before:willWait:)``, for a transaction that can be accepted without waiting for anything but the store, and
    /// without a task that does. `completion` is called exactly once, from any thread.
    ///
    /// False, and nothing is done: something else must be asked first, or the caller is inside a block. Then `buffer` does it.
    public func begin(
        _ view: JSONView, _ completion: @escaping @Sendable (Result<Receipt, BufferingError>) -> Void
    ) -> Bool {
        guard site.kind == .secondary, TransactionBuilder.foreignReferences(in: view).isEmpty else { return false }
        let built: BuiltTransaction
        do throws(BufferingError) {
            guard let known = try buildAtOnce(view, id: try transactionID(of: view)) else { return false }
            built = known
        } catch {
            completion(.failure(error))
            return true
        }
        return access.core.submit(.accept(built.accept(at: now()))) { result in
            self.marks.note(built.deletesIn)
            completion(self.receipt(for: result, built))
        }
    }

    private func buildAtOnce(_ view: JSONView, id: TransactionID) throws(BufferingError) -> BuiltTransaction? {
        do {
            return try TransactionBuilder(schema: schema.schema, now: now()).build(view, id: id)
        } catch {
            if error.maySchemaBeStale { return nil }
            throw error.asBufferingError
        }
    }

    private func receipt(
        for result: Result<Reply, KeyspaceError>, _ built: BuiltTransaction
    ) -> Result<Receipt, BufferingError> {
        switch result {
        case .success(.accept(let outcome)):
            do throws(BufferingError) {
                return .success(try receipt(at: outcome, built))
            } catch {
                return .failure(error)
            }
        case .success: return .failure(BufferingError(.internalError, "the store gave no answer to an accept"))
        case .failure(let error): return .failure(KeyspaceAccess.translate(error))
        }
    }

    /// A client's open transaction was committed, and its accepts may be among what is pending.
    public func noteCommit() { marks.noteAll() }

    /// Wakes the processor; for accepts that were queued in a client's open transaction.
    public func wakeExecutor() { hooks.withLock { $0.executor }?.wake() }

    /// Runs changes of state and tells the subscribers. The outcomes are in the order of the changes; `token` is that
    /// of the claim from which they come.
    public func advance(
        _ changes: [Advance.Change], token: Int64? = nil, release: Release? = nil
    ) async throws(BufferingError) -> [AdvanceOutcome] {
        let time = now()
        defer {
            if changes.contains(where: \.bringsBack) { marks.noteAll() }
        }
        var operations: [Operation] = [.advance(Advance(changes, token: token, at: time))]
        if var release {
            release.at = time
            operations.append(.release(release))
        }
        guard case .advance(let outcomes)? = try await access.perform(operations).first else {
            throw BufferingError(.internalError, "the store gave no answer to an advance")
        }
        announce(changes, outcomes, released: release, at: time)
        return outcomes
    }

    /// Releases committed transactions: every replica has them. Says how many.
    public func release(_ ids: [TransactionID]) async throws(BufferingError) -> Int {
        let time = now()
        var released: [Release.Released] = []
        for reply in try await access.read(ids.map { Command("GET", keys.transaction($0)) }) {
            guard case .bulk(let bytes) = reply, let transaction = StoredTransaction(payload: bytes) else { continue }
            released.append(.init(transaction.transactionID, records: transaction.records))
        }
        let operation = Operation.release(Release(released, at: time))
        guard case .release(let outcome)? = try await access.perform([operation]).first else {
            throw BufferingError(.internalError, "the store gave no answer to a release")
        }
        if events.isHeard {
            for transaction in released {
                events.publish(
                    TransactionEvent(transactionID: transaction.transactionID, status: .replicated, at: time))
            }
        }
        return outcome.released
    }

    // MARK: Accept

    private func transactionID(of view: JSONView) throws(BufferingError) -> TransactionID {
        guard let given = view["transaction_id"], !given.isNull else {
            return newID(now())
        }
        guard let id = given.string.flatMap({ TransactionID($0) }) else {
            throw BufferingError(
                .validationFailed, "must be 1 to 128 bytes of [A-Za-z0-9._~-]", path: "transaction_id")
        }
        return id
    }

    func accept(of view: JSONView) async throws(BufferingError) -> Accept {
        try await build(view, id: try transactionID(of: view), {}).accept(at: now())
    }

    private func build(
        _ view: JSONView, id: TransactionID, _ willWait: () -> Void
    ) async throws(BufferingError) -> BuiltTransaction {
        var builder = TransactionBuilder(schema: schema.schema, now: now())
        let foreign = TransactionBuilder.foreignReferences(in: view)
        if !foreign.isEmpty {
            willWait()
            builder.known = try await knownIDs(foreign)
        }
        do {
            return try builder.build(view, id: id)
        } catch {
            guard error.maySchemaBeStale else { throw error.asBufferingError }
            willWait()
            try await schema.refreshIfDue()
            // Somebody else's look may have brought it.
            guard schema.schema != builder.schema else { throw error.asBufferingError }
        }
        builder.schema = schema.schema
        do {
            return try builder.build(view, id: id)
        } catch {
            throw error.asBufferingError
        }
    }

    /// What is known of ids that other transactions created.
    private func knownIDs(_ references: [Reference]) async throws(BufferingError) -> [ByteString: JSONValue] {
        var known: [ByteString: JSONValue] = [:]
        for reference in Set(references) {
            guard let id = reference.transactionID else { continue }
            if let value = try await assignedID(reference, of: id) { known[ByteString(reference.text)] = value }
        }
        return known
    }

    /// The id that a step of another transaction created, as its status record has it; nil while only the database
    /// will know it, and after the record's TTL.
    public func assignedID(
        _ reference: Reference, of id: TransactionID
    ) async throws(BufferingError) -> JSONValue? {
        guard let record = try await statusRecord(id), let root = try? JSONDocument(parsing: record).root,
            let value = root["generated_ids"]?.member(reference.step)
        else { return nil }
        let created = reference.row.map { row in value.elements.dropFirst(row).first { _ in true } } ?? value
        guard let created, created.kind == .string || created.kind == .number else { return nil }
        return created.value()
    }

    /// The generated ids of transactions, as their status records have them; none for those that have no record.
    public func generatedIDs(of ids: [TransactionID]) async throws(BufferingError) -> [TransactionID: JSONValue] {
        guard !ids.isEmpty else { return [:] }
        var result: [TransactionID: JSONValue] = [:]
        for (id, reply) in zip(ids, try await access.read(ids.map { Command("GET", keys.transaction($0)) })) {
            guard case .bulk(let bytes) = reply, let root = try? JSONDocument(parsing: bytes).root else { continue }
            result[id] = root["generated_ids"]?.value()
        }
        return result
    }

    private func receipt(at outcome: AcceptOutcome, _ built: BuiltTransaction) throws(BufferingError) -> Receipt {
        switch outcome {
        case .accepted:
            if events.isHeard {
                events.publish(TransactionEvent(transactionID: built.transactionID, status: .pending, at: now()))
            }
            wakeExecutor()
            return receipt(built, status: .pending, isDuplicate: false)
        case .duplicate(let status, let generatedIDs):
            var built = built
            if let generatedIDs { built.generatedIDs = generatedIDs }
            return receipt(built, status: status, isDuplicate: true)
        case .conflict:
            throw BufferingError(
                .transactionConflict, "this transaction_id was accepted before with other content; use a new id",
                path: "transaction_id")
        case .full:
            throw BufferingError(
                .bufferFull,
                "the buffer is full; try again later, or see server.health for what keeps it from draining",
                retryAfter: KeyspaceAccess.retryAfterFull)
        }
    }

    private func receipt(_ built: BuiltTransaction, status: TransactionStatus?, isDuplicate: Bool) -> Receipt {
        Receipt(
            transactionID: built.transactionID, status: status, generatedIDs: built.generatedIDs,
            durability: access.keyspace.durability, isDuplicate: isDuplicate)
    }

    // MARK: Events

    private func announce(
        _ changes: [Advance.Change], _ outcomes: [AdvanceOutcome], released: Release?, at time: Timestamp
    ) {
        var last: Position?
        let isHeard = events.isHeard
        for (change, outcome) in zip(changes, outcomes) {
            guard case .advanced = outcome else { continue }
            if case .committed(_, let position, _) = change { last = max(last ?? position, position) }
            guard isHeard, let status = change.status else { continue }
            events.publish(TransactionEvent(transactionID: change.transactionID, status: status, at: time))
        }
        if isHeard, let released {
            for transaction in released.transactions {
                events.publish(
                    TransactionEvent(transactionID: transaction.transactionID, status: .replicated, at: time))
            }
        }
        if let last, released == nil { hooks.withLock { $0.tracker }?.committed(upTo: last) }
        let mayHaveMadeWork = changes.contains { change in
            switch change {
            case .due, .requeued, .cancelled, .discarded, .reverted: true
            case .committed, .returned, .retrying, .dead, .parked: false
            }
        }
        if mayHaveMadeWork { wakeExecutor() }
    }
}

extension Advance.Change {
    /// The status it leads to; nil where a transaction stays pending for everyone outside.
    var status: TransactionStatus? {
        switch self {
        case .committed: .committed
        case .retrying: .retrying
        case .dead: .deadLetter
        case .due, .requeued, .reverted: .pending
        case .cancelled: .cancelled
        case .discarded: .discarded
        case .returned, .parked: nil
        }
    }
}

extension ValidationFault {
    var asBufferingError: BufferingError { BufferingError(.validationFailed, message, path: path) }
}

extension Advance.Change {
    /// The changes of a transaction come back to the overlay, perhaps others than before.
    fileprivate var bringsBack: Bool {
        if case .requeued = self { true } else { false }
    }
}
