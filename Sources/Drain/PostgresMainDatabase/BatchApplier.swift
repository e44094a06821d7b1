// SPDX-License-Identifier: MIT
#if Postgres
import JSON
import MainDatabase
import PostgresConnection
import TransactionModel

/// Sends the statements of a batch and checks what comes back, inside an open transaction.
struct BatchApplier {
    /// Which member failed, and how.
    struct Fault: Error {
        var member: Int
        var error: DatabaseError
    }

    private let connection: PostgresConnection
    private let selection: BatchSelection
    private let plan: CapturePlan
    /// Sent, and not yet looked at: member and statement.
    private var sent: [(member: Int, statement: Int)] = []
    private var taken = 0
    /// What the statements of the members have returned, where they return something.
    private var rows: [CapturePlan.Place: JSONValue] = [:]
    /// A statement that could not be sent. What was sent before it may fail first.
    private var unsent: Fault?
    /// The first fault that was found.
    private var found: Fault?

    init(_ connection: PostgresConnection, _ selection: BatchSelection, _ plan: CapturePlan) {
        self.connection = connection
        self.selection = selection
        self.plan = plan
    }

    /// Queues everything, or as much as can be before something is at fault.
    mutating func send() {
        for member in selection.running {
            for index in selection.batch[member].statements.indices {
                do throws(DatabaseError) {
                    try send(member, index)
                } catch {
                    var error = error
                    error.step = selection.batch[member].statements[index].step
                    unsent = Fault(member: member, error: error)
                    return
                }
            }
        }
    }

    /// Takes the outcomes of what was sent; the first fault is thrown.
    mutating func take() throws(Fault) {
        if let found { throw found }
        while taken < sent.count {
            let (member, index) = sent[taken]
            taken += 1
            do throws(DatabaseError) {
                try take(member, index)
            } catch {
                var error = error
                error.step = selection.batch[member].statements[index].step
                let fault = Fault(member: member, error: error)
                found = fault
                throw fault
            }
        }
        if let unsent { throw unsent }
    }

    /// `generated_ids` of the members that ran, once all outcomes are taken.
    var generatedIDs: [Int: [UInt8]] {
        var result: [Int: [UInt8]] = [:]
        for member in selection.running {
            result[member] = selection.batch[member].assignedIDs?.jsonBytes { statement in
                rows[CapturePlan.Place(member: member, statement: statement, column: 0)] ?? .null
            }
        }
        return result
    }

    // MARK: Sending

    private mutating func send(_ member: Int, _ index: Int) throws(DatabaseError) {
        let statement = selection.batch[member].statements[index]
        var parameters = PostgresParameters()
        var sql = statement.sql
        if let list = plan.parameters(member: member, statement: index) {
            var casts: [Int: String] = [:]
            for (number, parameter) in list.enumerated() {
                if case .setting(_, let cast) = parameter { casts[number + 1] = cast }
                try append(parameter, to: &parameters)
            }
            if !casts.isEmpty { sql = CaptureText.loading(casts, into: sql) }
        } else {
            for parameter in statement.parameters {
                switch parameter {
                case .value(let view, let type): parameters.append(view, as: type)
                case .constant(let value, let type): parameters.append(value, as: type)
                case .captured, .assigned: preconditionFailure("The plan has the parameters of such a statement.")
                }
            }
        }
        let stored = plan.stored(member: member, statement: index, columns: statement.returns.count)
        if !stored.isEmpty {
            sql = CaptureText.storing(
                stored.map(\.column), of: sql, returning: statement.returns.count, parameters: parameters.count)
            for (_, number) in stored { parameters.append(CaptureText.name(number)) }
        }
        guard !parameters.hasZeroByte else {
            throw DatabaseError(.invalidValue, code: "22021", "A text has a zero byte, which PostgreSQL can't keep.")
        }
        connection.queue(sql, parameters)
        sent.append((member, index))
    }

    private mutating func append(
        _ parameter: CapturePlan.Parameter, to parameters: inout PostgresParameters
    ) throws(DatabaseError) {
        switch parameter {
        case .view(let view, let type): parameters.append(view, as: type)
        case .constant(let value, let type): parameters.append(value, as: type)
        case .setting(let place, _): parameters.append(CaptureText.name(plan.numbers[place] ?? 0))
        case .result(let place, let type):
            // A type without a name that we know: its value has to come here first. Costs a round trip.
            connection.flush()
            do throws(Fault) {
                try take()
            } catch {
                throw error.error
            }
            parameters.append(rows[place] ?? .null, as: type)
        case .unresolved:
            throw DatabaseError(
                .referenceUnresolved, code: "ledger", "A reference names an id that no transaction got.")
        }
    }

    // MARK: Taking

    private mutating func take(_ member: Int, _ index: Int) throws(DatabaseError) {
        let statement = selection.batch[member].statements[index]
        let result = try connection.result()
        let row = result.rowCount > 0 ? PostgresValue.row(result, 0, as: statement.returns) : nil
        switch statement.expectation {
        case .any: return
        case .mayReturnRow: break
        case .returnsRow: guard row != nil else { throw Self.recordMissing }
        case .affectsRow:
            guard result.affectedRows > 0 else { throw Self.recordMissing }
            for (value, type) in zip(row ?? [], statement.returns) where type.canonical(value) == nil {
                throw DatabaseError(.invalidValue, code: "result", "The result does not fit its column.")
            }
            return
        }
        for (column, value) in (row ?? []).enumerated() {
            rows[CapturePlan.Place(member: member, statement: index, column: column)] = value
        }
    }

    private static let recordMissing = DatabaseError(.recordMissing, code: "no row", "The record does not exist.")
}
#endif
