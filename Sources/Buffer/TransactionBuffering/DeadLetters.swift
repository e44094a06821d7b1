// SPDX-License-Identifier: MIT
public import JSON
import Keyspace
public import TransactionModel

/// The dead letter: transactions that failed for good, kept until an operator decides.
public struct DeadLetters: Sendable {
    /// Transactions that one call retries or discards.
    public static let selectionMax = 10_000

    /// Which dead transactions; members that are nil don't matter.
    public struct Filter: Sendable, Equatable {
        public var code: String?
        public var model: String?
        public var endpoint: String?

        public init(code: String? = nil, model: String? = nil, endpoint: String? = nil) {
            self.code = code
            self.model = model
            self.endpoint = endpoint
        }

        func matches(_ record: JSONView) -> Bool {
            if let code, record["last_error"]?["code"]?.string != code { return false }
            if let endpoint, record["endpoint"]?.string != endpoint { return false }
            if let model { return record["steps"]?.elements.contains { $0["model"]?.string == model } ?? false }
            return true
        }
    }

    /// Which transactions an operator means.
    public enum Selection: Sendable {
        case transactions([TransactionID])
        case matching(Filter)
    }

    /// New data for a step of a dead transaction.
    public struct Change: Sendable {
        public var step: String
        public var data: JSONView
        /// Where it stands in the request.
        public var path: String

        public init(step: String, data: JSONView, path: String) {
            self.step = step
            self.data = data
            self.path = path
        }
    }

    public struct Failure: Sendable {
        public var transactionID: TransactionID
        /// `not_found`, or `not_dead_letter`.
        public var kind: String
    }

    private let manager: TransactionManager

    public init(manager: TransactionManager) { self.manager = manager }

    public func list(
        limit: Int, cursor: String?, filter: Filter = Filter(), bytesMax: Int = .max
    ) async throws(BufferingError) -> TransactionPage {
        try await manager.page(
            ListSource(.deadLetter, manager.keys), limit: limit, cursor: cursor, bytesMax: bytesMax,
            where: filter.matches)
    }

    /// The status record. Throws `.notFound` unless the transaction is dead.
    public func get(_ id: TransactionID) async throws(BufferingError) -> [UInt8] {
        let record = try await manager.status(id)
        guard Self.isDead(record) else {
            throw BufferingError(.notFound, "the transaction is not in the dead letter", path: "transaction_id")
        }
        return record
    }

    /// The bytes of a malformed one, as another program pushed them; nil for any other.
    public func raw(_ id: TransactionID) async throws(BufferingError) -> [UInt8]? {
        try await manager.access.value(of: manager.keys.deadLetterRaw(id))
    }

    /// Sends dead transactions back to the tail, in the order in which they were accepted, with fresh attempts. One that never
    /// was a transaction of this site (`malformed`) stays: its bytes are with ``raw(_:)``, and its producer can send them again.
    public func retry(
        _ selection: Selection
    ) async throws(BufferingError) -> (retried: [TransactionID], failed: [Failure]) {
        // Revised by nothing: under the policy `continue` the overlay was dropped and comes back so.
        let reviser = TransactionReviser(schema: manager.schema.schema)
        return try await move(selection) { id, record in
            guard let transaction = Self.stored(record) else { return nil }
            return .requeued(id, revised: try? reviser.revise(transaction, []))
        }
    }

    /// Retries one transaction with other data in some steps. Throws `.validationFailed` with the path.
    public func retry(_ id: TransactionID, changes: [Change]) async throws(BufferingError) {
        let record = try await get(id)
        guard let transaction = Self.stored(record) else {
            throw BufferingError(
                .validationFailed, "the transaction is malformed and can't be changed; discard it and send a new one")
        }
        let reviser = TransactionReviser(schema: manager.schema.schema)
        let revised: Advance.Revision
        do {
            revised = try reviser.revise(transaction, changes)
        } catch {
            throw error.asBufferingError
        }
        guard case .advanced? = try await manager.advance([.requeued(id, revised: revised)]).first else {
            throw BufferingError(.notFound, "the transaction left the dead letter meanwhile", path: "transaction_ids")
        }
    }

    /// Gives dead transactions up; those that were held behind them go on.
    public func discard(_ selection: Selection) async throws(BufferingError) -> [TransactionID] {
        try await move(selection) { id, record in
            .discarded(id, released: StoredTransaction(payload: record)?.records ?? [])
        }.retried
    }

    private func move(
        _ selection: Selection, _ change: (TransactionID, [UInt8]) -> Advance.Change?
    ) async throws(BufferingError) -> (retried: [TransactionID], failed: [Failure]) {
        var moved: [TransactionID] = []
        var failed: [Failure] = []
        var dead: [(sequence: Int64, change: Advance.Change)] = []
        for (id, record) in try await records(selection) {
            guard let record else {
                failed.append(Failure(transactionID: id, kind: "not_found"))
                continue
            }
            guard Self.isDead(record), let root = try? JSONDocument(parsing: record).root else {
                failed.append(Failure(transactionID: id, kind: "not_dead_letter"))
                continue
            }
            guard let change = change(id, record) else {
                failed.append(Failure(transactionID: id, kind: "malformed"))
                continue
            }
            dead.append((root["sequence"]?.int64 ?? 0, change))
        }
        dead.sort { $0.sequence < $1.sequence }
        let changes = dead.map(\.change)
        for (change, outcome) in zip(changes, try await manager.advance(changes)) {
            if case .advanced = outcome {
                moved.append(change.transactionID)
            } else {
                failed.append(Failure(transactionID: change.transactionID, kind: "not_dead_letter"))
            }
        }
        return (moved, failed)
    }

    private func records(_ selection: Selection) async throws(BufferingError) -> [(TransactionID, [UInt8]?)] {
        switch selection {
        case .transactions(let ids):
            var result: [(TransactionID, [UInt8]?)] = []
            for id in ids { result.append((id, try await manager.statusRecord(id))) }
            return result
        case .matching(let filter):
            var result: [(TransactionID, [UInt8]?)] = []
            var cursor: String?
            repeat {
                let page = try await list(limit: TransactionManager.listLimitMax, cursor: cursor, filter: filter)
                for record in page.records {
                    guard
                        let id = (try? JSONDocument(parsing: record).root)?["transaction_id"]?.string.flatMap({
                            TransactionID($0)
                        })
                    else { continue }
                    result.append((id, record))
                }
                cursor = page.cursor
            } while cursor != nil && result.count < Self.selectionMax
            return Array(result.prefix(Self.selectionMax))
        }
    }

    /// Nil for a malformed one: there is nothing in it that could be applied.
    private static func stored(_ record: [UInt8]) -> StoredTransaction? {
        StoredTransaction(payload: record).flatMap { $0.steps.isEmpty ? nil : $0 }
    }

    private static func isDead(_ record: [UInt8]) -> Bool {
        (try? JSONDocument(parsing: record).root)?["status"]?.string == TransactionStatus.deadLetter.rawValue
    }
}
