// SPDX-License-Identifier: MIT
#if Postgres
import JSON
import MainDatabase
import TransactionModel

/// How values travel between the statements of a batch: which are kept in settings, and what each parameter is. Pure.
struct CapturePlan {
    /// A column of the row that a member's statement returns.
    struct Place: Hashable {
        var member: Int
        var statement: Int
        var column: Int
    }

    enum Parameter {
        case view(JSONView, ColumnType)
        case constant(JSONValue, ColumnType)
        /// Read from the setting of a place inside the server, as this SQL type.
        case setting(Place, cast: String)
        /// Must be known here before the statement can be sent.
        case result(Place, ColumnType)
        /// Names an id that no transaction got.
        case unresolved
    }

    private(set) var numbers: [Place: Int] = [:]
    /// Some parameter can't be sent before a result was read.
    private(set) var needsResults = false
    /// Of statements that have other parameters than values.
    private var parameters: [Place: [Parameter]] = [:]

    init(_ selection: inout BatchSelection) {
        for member in selection.running {
            let transaction = selection.batch[member]
            for (index, statement) in transaction.statements.enumerated() where Self.refers(statement) {
                let list = statement.parameters.map { Self.parameter($0, member, transaction, &selection) }
                for parameter in list {
                    if case .result = parameter { needsResults = true }
                    if case .setting(let place, _) = parameter, numbers[place] == nil {
                        numbers[place] = numbers.count
                    }
                }
                parameters[Place(member: member, statement: index, column: 0)] = list
            }
        }
    }

    /// Parameters of a statement; nil: all of them are values.
    func parameters(member: Int, statement: Int) -> [Parameter]? {
        parameters.isEmpty ? nil : parameters[Place(member: member, statement: statement, column: 0)]
    }

    /// Columns of a statement's row that later ones want, and the numbers of their settings.
    func stored(member: Int, statement: Int, columns: Int) -> [(column: Int, number: Int)] {
        guard !numbers.isEmpty else { return [] }
        return (0..<columns).compactMap { column in
            numbers[Place(member: member, statement: statement, column: column)].map { (column, $0) }
        }
    }

    private static func refers(_ statement: Statement) -> Bool {
        statement.parameters.contains { parameter in
            switch parameter {
            case .value, .constant: false
            case .captured, .assigned: true
            }
        }
    }

    private static func parameter(
        _ parameter: Statement.Parameter, _ member: Int, _ transaction: PreparedTransaction,
        _ selection: inout BatchSelection
    ) -> Parameter {
        switch parameter {
        case .value(let view, let type): return .view(view, type)
        case .constant(let value, let type): return .constant(value, type)
        case .captured(let source, let column, let type):
            guard transaction.statements.indices.contains(source),
                transaction.statements[source].returns.indices.contains(column)
            else { return .unresolved }
            return passed(Place(member: member, statement: source, column: column), type)
        case .assigned(let other, let step, let row, let type):
            switch selection.source(of: other, step: step, row: row, for: member) {
            case .value(let value): return .constant(value, type)
            case .captured(let first, let statement):
                return passed(Place(member: first, statement: statement, column: 0), type)
            case nil: return .unresolved
            }
        }
    }

    private static func passed(_ place: Place, _ type: ColumnType) -> Parameter {
        CaptureText.cast(type).map { .setting(place, cast: $0) } ?? .result(place, type)
    }
}
#endif
