// SPDX-License-Identifier: MIT
public import JSON

/// A transaction as the keyspace keeps it, its payload parsed. Immutable; what changes stands in the status record.
public struct StoredTransaction: Sendable {
    /// Number of the payload's form, in its member `format`.
    public static let format: Int64 = 1

    public let transactionID: TransactionID
    public let steps: [Step]
    public let orderingKey: String?
    /// `retry.max_attempts`; nil: as configured.
    public let attemptsMax: Int?
    public let root: JSONView

    /// Nil when the bytes are no stored transaction of this format.
    public init?(payload: [UInt8]) {
        guard let root = try? JSONDocument(parsing: payload).root else { return nil }
        self.init(root: root)
    }

    public init?(root: JSONView) {
        guard root["format"]?.int64 == Self.format,
            let id = root["transaction_id"]?.string.flatMap({ TransactionID($0) }),
            let list = root["steps"]
        else { return nil }
        var steps: [Step] = []
        steps.reserveCapacity(list.count)
        for element in list.elements {
            guard let step = Step(stored: element) else { return nil }
            steps.append(step)
        }
        self.transactionID = id
        self.steps = steps
        self.root = root
        orderingKey = root["ordering_key"]?.string
        attemptsMax = root["retry"]?["max_attempts"]?.int64.map { Int($0) }
    }

    /// Where each record change stands, in step order.
    public var changes: [RecordChange] {
        var result: [RecordChange] = []
        for (index, step) in steps.enumerated() {
            for row in step.rows.indices {
                result.append(RecordChange(record: step.recordKey(row: row, of: transactionID), step: index, row: row))
            }
        }
        return result
    }

    /// Every record the transaction changes, each once.
    public var records: [RecordKey] {
        var seen = Set<RecordKey>()
        return changes.map(\.record).filter { seen.insert($0).inserted }
    }

    /// The order in which the steps run: as they stand, but each after those it depends on.
    public var executionOrder: [Int] {
        guard steps.contains(where: { !$0.dependsOn.isEmpty }) else { return Array(steps.indices) }
        return StepOrder.resolve(steps.map { ($0.id, $0.dependsOn) }).order
    }
}

/// Where in a stored transaction a record's change stands: an entry of `record_pending:{model}:{id}`.
public struct RecordChange: Sendable, Hashable {
    public var record: RecordKey
    /// Index into `steps`.
    public var step: Int
    /// Index into the step's `rows`; 0 for a step with a single record.
    public var row: Int

    public init(record: RecordKey, step: Int, row: Int = 0) {
        self.record = record
        self.step = step
        self.row = row
    }
}

/// Sorts steps so that each stands after its dependencies and otherwise where it stood.
public enum StepOrder {
    /// - Returns: the order, without the steps of a cycle; `cyclic` names one of those.
    public static func resolve(_ steps: [(id: String, dependsOn: [String])]) -> (order: [Int], cyclic: Int?) {
        let indexes = Dictionary(steps.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
        var done = [Bool](repeating: false, count: steps.count)
        var order: [Int] = []
        order.reserveCapacity(steps.count)
        var progress = true
        while order.count < steps.count && progress {
            progress = false
            for (index, step) in steps.enumerated() where !done[index] {
                guard step.dependsOn.allSatisfy({ name in indexes[name].map { done[$0] } ?? true }) else { continue }
                done[index] = true
                order.append(index)
                progress = true
            }
        }
        return (order, done.firstIndex(of: false))
    }
}
