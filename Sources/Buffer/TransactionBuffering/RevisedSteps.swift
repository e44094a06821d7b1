// SPDX-License-Identifier: MIT
import JSON
import TransactionModel

/// The steps of a dead transaction while an operator's changes go into them, and along the references between them.
struct RevisedSteps {
    private let transaction: StoredTransaction
    private var steps: [RevisedStep]
    private let indexes: [ByteString: Int]
    private var changed: [Cell: NewValue] = [:]

    /// A column of a row of a step; the key's column stands for the id.
    private struct Cell: Hashable {
        var step: Int
        var row: Int
        var column: ByteString
    }

    private struct NewValue {
        var value: JSONValue
        /// Of the operator's change from which it comes.
        var path: String
    }

    /// - Parameter values: The transaction's `steps`.
    init(_ transaction: StoredTransaction, _ values: [JSONValue], _ schema: Schema?) {
        self.transaction = transaction
        steps = zip(transaction.steps, values).map { RevisedStep($0, $1, schema?[$0.model]) }
        indexes = Dictionary(
            transaction.steps.enumerated().map { (ByteString($1.id), $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The steps as they are stored.
    var values: [JSONValue] { steps.map(\.value) }

    func generatedIDs(insteadOf ids: JSONObject) -> JSONObject {
        var ids = ids
        for step in steps {
            if let old = ids[step.id], let new = step.createdIDs(insteadOf: old) { ids[step.id] = new }
        }
        return ids
    }

    mutating func take(_ change: DeadLetters.Change) throws(ValidationFault) {
        guard let index = indexes[ByteString(change.step)] else {
            throw ValidationFault("\(change.path).step_id", "names no step of the transaction")
        }
        guard steps[index].canChange, let table = steps[index].table else {
            throw ValidationFault("\(change.path).step_id", "names a step whose data can't be changed")
        }
        guard change.data.kind == .object else { throw ValidationFault("\(change.path).data", "must be an object") }
        for (name, value) in change.data.members {
            let path = "\(change.path).data.\(name.string ?? "")"
            guard let column = table.index(of: name).map({ table.columns[$0] }), !column.isGenerated else {
                throw ValidationFault(
                    path, "names no column of \(table.name) that can be written", maySchemaBeStale: true)
            }
            let isKey = table.primaryKey.contains(column.name)
            guard !isKey || steps[index].canChangeKey else {
                throw ValidationFault(path, "is part of the primary key, which can't change here")
            }
            guard !value.isNull || column.isNullable && !isKey else { throw ValidationFault(path, "can't be null") }
            guard !table.refuses(value) else { throw ValidationFault(path, Table.zeroRefusal) }
            guard let canonical = column.type.canonical(value.value()) else {
                throw ValidationFault(path, "must be \(column.type.expectation)")
            }
            try checkIsFollowed(column.name, isKey: isKey, index, path)
            steps[index].forgetReference(column.name)
            set(column.name, Cell(step: index, row: 0, column: ByteString(column.name)), canonical, path)
        }
    }

    /// Brings what changed to everything that refers to it, also through other steps.
    mutating func followReferences() throws(ValidationFault) {
        for index in transaction.executionOrder {
            for (row, columns) in steps[index].references.enumerated() {
                for (name, reference) in columns {
                    guard let new = source(of: reference).flatMap({ changed[$0] }) else { continue }
                    let value = try fitting(new, name, index)
                    set(name, Cell(step: index, row: row, column: ByteString(name)), value, new.path)
                }
            }
        }
    }

    private mutating func set(_ name: String, _ cell: Cell, _ value: JSONValue, _ path: String) {
        steps[cell.step].set(name, row: cell.row, to: value)
        changed[cell] = NewValue(value: value, path: path)
    }

    private func source(of reference: Reference) -> Cell? {
        guard let index = indexes[ByteString(reference.step)] else { return nil }
        let keys = steps[index].table?.primaryKey ?? []
        let column = reference.column == "id" && keys.count == 1 ? keys[0] : reference.column
        return Cell(step: index, row: reference.row ?? 0, column: ByteString(column))
    }

    private func fitting(_ new: NewValue, _ name: String, _ index: Int) throws(ValidationFault) -> JSONValue {
        let step = steps[index]
        let subject = "is what \(name) of step \(step.id) refers to, which"
        guard let table = step.table, let column = table[name], !column.isGenerated else {
            throw ValidationFault(new.path, "\(subject) is no column that can be written", maySchemaBeStale: true)
        }
        if case .null = new.value, !column.isNullable || table.primaryKey.contains(name) {
            throw ValidationFault(new.path, "\(subject) can't be null")
        }
        guard let canonical = column.type.canonical(new.value) else {
            throw ValidationFault(new.path, "\(subject) must be \(column.type.expectation)")
        }
        return canonical
    }

    /// Without remembered references, any value that the step writes (no delta) may stand in those that depend on it.
    private func checkIsFollowed(
        _ name: String, isKey: Bool, _ index: Int, _ path: String
    ) throws(ValidationFault) {
        guard isKey || steps[index].canBeReferred(to: name) else { return }
        let id = steps[index].id
        let follower = transaction.steps.first { step in
            step.dependsOn.contains(id) && step.operation != .query && step.references == nil
        }
        guard let follower else { return }
        throw ValidationFault(
            path,
            "may stand in step \(follower.id) too, which was stored by a version that did not remember references; "
                + "discard the transaction and send it again with another transaction_id")
    }
}
