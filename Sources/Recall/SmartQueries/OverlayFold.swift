// SPDX-License-Identifier: MIT
import JSON
import TransactionModel

/// A record as it will be: what the database has, with the changes that are still on their way applied in order. Pure.
struct FoldedRecord: Sendable {
    /// What is known of the record below the changes.
    enum Base: Sendable {
        /// In the order of the table's columns; nil: there is no such record.
        case known([JSONValue]?)
        /// The database could not be read.
        case unknown
    }

    private(set) var base: Base
    /// Columns that only the database can know, by index.
    private(set) var unknown: Set<Int> = []
    /// Transactions that were folded in.
    private(set) var changeCount = 0
    /// Columns that will have an id which the database has not assigned yet, by index.
    private(set) var awaited: [Int: Reference] = [:]
    /// The sequences of deletes elsewhere that delete or change it along.
    private(set) var reachedBy: [Int64] = []
    /// Place of the first change in the order of acceptance.
    var rank: Overlay.Place = (0, 0, 0)

    init(_ base: Base) { self.base = base }

    /// Nil: absent, or not known.
    var values: [JSONValue]? {
        if case .known(let values) = base { return values }
        return nil
    }

    /// Applies a step's row. `assigned` is the id that the database gave to what the step creates, once it is known;
    /// `ids` are those that the row may name.
    mutating func apply(
        _ step: Step, row: Int, of transaction: TransactionID, in table: Table, assigned: JSONValue?, _ ids: KnownIDs
    ) {
        changeCount += 1
        switch step.operation {
        case .create, .bulkCreate:
            create(step, row, transaction, table, assigned, ids)
        case .upsert:
            switch base {
            case .known(nil): create(step, row, transaction, table, assigned, ids)
            case .known: set(step.rows[row].data, table, ids)
            case .unknown: break
            }
        case .update, .bulkUpdate:
            guard values != nil else { return }
            set(step.rows[row].data, table, ids)
        case .delete: delete()
        case .increment:
            guard values != nil else { return }
            increment(step.rows[row].data, table)
        case .query: break
        }
    }

    /// What a foreign key names is deleted by the transaction `sequence`.
    mutating func namedIsDeleted(_ key: ForeignKey, by sequence: Int64, in table: Table) {
        if !reachedBy.contains(sequence) { reachedBy.append(sequence) }
        changeCount += 1
        switch key.onDelete {
        case .none: break
        case .cascade: delete()
        case .setNull, .setDefault:
            guard var values else { return }
            for column in key.columns.compactMap({ table.index(of: $0) }) {
                awaited[column] = nil
                unknown.remove(column)
                values[column] = .null
                guard key.onDelete == .setDefault else { continue }
                switch table.columns[column].defaultValue {
                case .none: break
                case .constant(let value): values[column] = value
                case .now, .volatile: unknown.insert(column)
                }
            }
            base = .known(values)
            markComputed(table)
        }
    }

    private mutating func delete() {
        base = .known(nil)
        unknown = []
        awaited = [:]
    }

    /// A change whose record can't be named might be to this one.
    mutating func mayBeChanged(by step: Step, in table: Table) {
        changeCount += 1
        guard step.operation != .delete, !table.hasTriggers else {
            unknown = Set(table.columns.indices)
            return
        }
        for row in step.rows {
            for (name, _) in row.data?.members ?? JSONView.noMembers {
                if let column = table.index(of: name) { unknown.insert(column) }
            }
        }
    }

    private mutating func create(
        _ step: Step, _ row: Int, _ transaction: TransactionID, _ table: Table, _ assigned: JSONValue?,
        _ ids: KnownIDs
    ) {
        var values = Array(repeating: JSONValue.null, count: table.columns.count)
        let key = table.primaryKey.first.flatMap { table.index(of: $0) }
        let isAssigned = step.rows[row].id == nil
        if isAssigned, let key, let assigned { values[key] = assigned }
        base = .known(values)
        unknown = []
        awaited = [:]
        for (index, column) in table.columns.enumerated() {
            if column.isGenerated || column.defaultValue == .volatile { unknown.insert(index) }
        }
        set(step.rows[row].defaults, table, ids)
        set(step.rows[row].data, table, ids)
        if isAssigned, let key, assigned == nil {
            let text = Reference.text(transaction: transaction, step: step.id, row: step.operation.isBulk ? row : nil)
            awaited[key] = Reference(text: text)
            unknown.insert(key)
        }
    }

    private mutating func set(_ data: JSONView?, _ table: Table, _ ids: KnownIDs) {
        guard let data, var values else { return }
        for (name, value) in data.members {
            guard let column = table.index(of: name) else { continue }
            awaited[column] = nil
            if let reference = Reference(value) {
                let id = ids[reference].flatMap { table.columns[column].type.canonical($0) }
                values[column] = id ?? .null
                if id != nil {
                    unknown.remove(column)
                } else {
                    unknown.insert(column)
                    if reference.namesAssignedID { awaited[column] = reference }
                }
            } else {
                values[column] = value.value()
                // The database may spell a value differently that only it can compare.
                if value.isNull || table.columns[column].type.isEquatable {
                    unknown.remove(column)
                } else {
                    unknown.insert(column)
                }
            }
        }
        base = .known(values)
        markComputed(table)
    }

    private mutating func increment(_ data: JSONView?, _ table: Table) {
        guard let data, var values else { return }
        for (name, delta) in data.members {
            guard let column = table.index(of: name) else { continue }
            if let sum = table.columns[column].type.sum(values[column], delta.value()) {
                values[column] = sum
            } else {
                // No number, or beyond the type: what becomes of it is the database's affair.
                unknown.insert(column)
            }
        }
        base = .known(values)
        markComputed(table)
    }

    /// A change may change what the database computes.
    private mutating func markComputed(_ table: Table) {
        for (index, column) in table.columns.enumerated() where column.isGenerated || table.hasTriggers {
            unknown.insert(index)
        }
    }
}

extension JSONView {
    /// The members of nothing.
    fileprivate static var noMembers: Members {
        guard let empty = try? JSONDocument(parsing: Array("{}".utf8)) else { preconditionFailure("{} is JSON") }
        return empty.root.members
    }
}
