// SPDX-License-Identifier: MIT
#if Postgres
import JSON
import MainDatabase
import TransactionModel

/// What of a batch is to be run, given what the ledger has of it. Pure.
struct BatchSelection {
    /// A row of the ledger as far as a repetition needs it.
    struct Found: Equatable {
        var contentHash: [UInt8]
        var generatedIDs: [UInt8]?
    }

    /// Where the value of a reference to another transaction comes from.
    enum Source: Equatable {
        case value(JSONValue)
        /// First column of what a statement of an earlier member of this batch returns.
        case captured(member: Int, statement: Int)
    }

    let batch: [PreparedTransaction]
    /// Ids that members refer to and that are not earlier members themselves.
    let referenced: [TransactionID]
    private let firsts: [TransactionID: Int]
    private var found: [TransactionID: Found] = [:]
    private var documents: [TransactionID: JSONValue] = [:]

    init(_ batch: [PreparedTransaction]) {
        self.batch = batch
        firsts = Dictionary(batch.enumerated().map { ($1.transactionID, $0) }, uniquingKeysWith: min)
        var referenced: Set<TransactionID> = []
        for (index, transaction) in batch.enumerated() {
            for case .assigned(let id, _, _, _) in transaction.statements.lazy.flatMap(\.parameters)
            where !(firsts[id].map { $0 < index } ?? false) {
                referenced.insert(id)
            }
        }
        self.referenced = referenced.sorted()
    }

    /// Ids whose ledger rows decide.
    var wanted: [TransactionID] { Array(firsts.keys) + referenced.filter { firsts[$0] == nil } }

    /// Takes note of the ledger. True: what was taken for new is not.
    mutating func note(_ found: [TransactionID: Found]) -> Bool {
        self.found = found
        return found.keys.contains { firsts[$0] != nil }
    }

    /// Members to be run, in order: neither in the ledger nor a repetition of an earlier member.
    var running: [Int] {
        batch.indices.filter { firsts[batch[$0].transactionID] == $0 && found[batch[$0].transactionID] == nil }
    }

    /// What an id that another transaction got stands for. Nil: no transaction ever got it.
    mutating func source(of transaction: TransactionID, step: String, row: Int?, for member: Int) -> Source? {
        if let entry = found[transaction] {
            return Self.id(document(of: transaction, entry), step, row).map { .value($0) }
        }
        guard let first = firsts[transaction], first < member else { return nil }
        let steps = batch[first].assignedIDs?.steps ?? []
        guard let entry = steps.first(where: { $0.step == step }), entry.isBulk == (row != nil) else { return nil }
        let index = row ?? 0
        guard entry.ids.indices.contains(index) else { return nil }
        switch entry.ids[index] {
        case .known(let value): return value.isNull ? nil : .value(value)
        case .captured(let statement): return .captured(member: first, statement: statement)
        // Its columns are referred to one by one.
        case .composite: return nil
        }
    }

    /// One outcome per member. `generatedIDs`: of those that ran.
    func outcomes(_ position: Position, generatedIDs: [Int: [UInt8]]) -> [BatchOutcome.Applied] {
        batch.enumerated().map { index, transaction in
            let id = transaction.transactionID
            if let entry = found[id] {
                let isSame = entry.contentHash == transaction.contentHash.bytes
                return isSame ? .before(position, generatedIDs: entry.generatedIDs) : .conflict
            }
            guard let first = firsts[id], first != index else {
                return .now(position, generatedIDs: generatedIDs[index])
            }
            let isSame = batch[first].contentHash == transaction.contentHash
            return isSame ? .before(position, generatedIDs: generatedIDs[first]) : .conflict
        }
    }

    private mutating func document(of transaction: TransactionID, _ entry: Found) -> JSONValue {
        if let known = documents[transaction] { return known }
        let document = entry.generatedIDs.flatMap { try? JSONValue(parsing: $0) } ?? .null
        documents[transaction] = document
        return document
    }

    private static func id(_ document: JSONValue, _ step: String, _ row: Int?) -> JSONValue? {
        var id = document[step]
        if let row { id = id?.array.flatMap { row < $0.count ? $0[row] : nil } }
        return id.flatMap { $0.isNull ? nil : $0 }
    }
}
#endif
