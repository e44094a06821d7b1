// SPDX-License-Identifier: MIT
#if Postgres
import JSON
import MainDatabase
import PostgresConnection
import TransactionModel

/// Reads the schema of a database: two questions to the catalog in one snapshot, and one round trip for the constants
/// among the defaults, which the server evaluates as it would on insert.
struct Introspection {
    private let session: Session
    private let connection: PostgresConnection

    init(_ session: Session, _ connection: PostgresConnection) {
        self.session = session
        self.connection = connection
    }

    /// A default that is a literal, still to be evaluated.
    private struct Literal: Hashable {
        var expression: String
        var typeName: String
    }

    func schema() throws(DatabaseError) -> Schema {
        let (tables, types) = try catalog()
        var literals: Set<Literal> = []
        for column in tables.flatMap({ $0.root["columns"]?.elements.map { $0 } ?? [] }) {
            if let literal = literal(column, types) { literals.insert(literal) }
        }
        let constants = try evaluate(Array(literals))
        return Schema(tables: tables.map { table($0.root, types, constants) })
    }

    private func catalog() throws(DatabaseError) -> ([JSONDocument], CatalogTypes) {
        let snapshot = PostgresSnapshot(session, connection)
        defer { snapshot.end() }
        let tables = Self.documents(try snapshot.query(CatalogSQL.tables, PostgresParameters(), prepared: false))
        let types = Self.documents(try snapshot.query(CatalogSQL.types, PostgresParameters(), prepared: false))
        return (tables, CatalogTypes(types.map(\.root)))
    }

    private static func documents(_ result: PostgresResult) -> [JSONDocument] {
        (0..<result.rowCount).compactMap { row in
            result.text(row, 0).flatMap { try? JSONDocument(parsing: Array($0.utf8)) }
        }
    }

    // MARK: Tables

    private func table(_ view: JSONView, _ types: CatalogTypes, _ constants: [Literal: String?]) -> Table {
        let keys = view["keys"]?.elements.map { $0 } ?? []
        let primaryKey = strings(keys.first { $0["primary"]?.bool == true }?["columns"])
        var columns = view["columns"]?.elements.map { column($0, types, constants) } ?? []
        // Integers only: an id of another type is derived from the transaction's, so that it is known at accept.
        let assigning = columns.firstIndex { column in
            guard case .integer = column.type else { return false }
            return [column.name] == primaryKey && (column.isGenerated || column.defaultValue == .volatile)
        }
        let refusesKey = assigning.map { columns[$0].isGenerated } ?? false
        if let assigning {
            columns[assigning].isGenerated = false
            columns[assigning].defaultValue = .none
        }
        var (uniqueKeys, partialUniqueKeys): ([[String]], [[String]]) = ([], [])
        for key in keys where key["primary"]?.bool != true {
            let names = strings(key["columns"])
            if key["partial"]?.bool == true {
                if !partialUniqueKeys.contains(names) { partialUniqueKeys.append(names) }
            } else if names != primaryKey, !uniqueKeys.contains(names) {
                uniqueKeys.append(names)
            }
        }
        let foreignKeys = view["foreign_keys"]?.elements.map {
            ForeignKey(
                columns: strings($0["columns"]), table: $0["table"]?.string ?? "",
                referencedColumns: strings($0["referenced"]),
                onDelete: $0["on_delete"]?.string.flatMap(ForeignKey.DeleteAction.init) ?? .none)
        }
        return Table(
            name: view["name"]?.string ?? "", columns: columns, primaryKey: primaryKey, assignsKey: assigning != nil,
            refusesKey: refusesKey, uniqueKeys: uniqueKeys, partialUniqueKeys: partialUniqueKeys,
            hasComputedUniqueness: view["computed_uniqueness"]?.bool == true, refusesZero: true,
            foreignKeys: foreignKeys ?? [],
            hasTriggers: view["triggers"]?.bool == true || view["rules"]?.bool == true)
    }

    private func column(_ view: JSONView, _ types: CatalogTypes, _ constants: [Literal: String?]) -> Column {
        let oid = view["type"]?.int64 ?? 0
        let type = types.columnType(
            oid, modifier: view["modifier"]?.int64 ?? -1, isDeterministic: view["deterministic"]?.bool ?? true)
        let isComputed = view["generated"]?.string != ""
        let identity = view["identity"]?.string ?? ""
        var column = Column(
            name: view["name"]?.string ?? "", type: type,
            isNullable: view["not_null"]?.bool != true && !types.domain(oid).isNotNull,
            isGenerated: isComputed || identity == "a")
        if identity == "d" { column.defaultValue = .volatile }
        guard !isComputed, identity.isEmpty, let text = defaultText(view, types) else { return column }
        switch DefaultExpression(text) {
        case .null: column.defaultValue = .none
        case .now(let moment): column.defaultValue = DefaultExpression.isNow(moment, for: type) ? .now : .volatile
        case .other: column.defaultValue = .volatile
        case .literal:
            let value = literal(view, types).flatMap { constants[$0] }
            column.defaultValue =
                value.map { .constant($0.map { PostgresValue.read($0, as: type) } ?? .null) } ?? .volatile
        }
        return column
    }

    private func strings(_ view: JSONView?) -> [String] { view?.elements.compactMap(\.string) ?? [] }

    // MARK: Defaults

    private func defaultText(_ column: JSONView, _ types: CatalogTypes) -> String? {
        column["default"]?.string ?? types.domain(column["type"]?.int64 ?? 0).defaultText
    }

    private func literal(_ column: JSONView, _ types: CatalogTypes) -> Literal? {
        guard column["generated"]?.string == "", let text = defaultText(column, types),
            let name = column["type_name"]?.string,
            DefaultExpression(text) == .literal
        else { return nil }
        return Literal(expression: text, typeName: name)
    }

    /// Each in a transaction of its own: one that fails here would fail on insert too, and is not known.
    private func evaluate(_ literals: [Literal]) throws(DatabaseError) -> [Literal: String?] {
        var result: [Literal: String?] = [:]
        // The end of the snapshot.
        if connection.isOwed { try connection.finish() }
        for literal in literals {
            connection.queue("SELECT CAST(\(literal.expression) AS \(literal.typeName))", prepared: false)
            connection.sync()
        }
        for literal in literals {
            if case .done(let row) = try connection.outcome() { result[literal] = .some(row.text(0, 0)) }
            try connection.finish()
        }
        return result
    }
}
#endif
