// SPDX-License-Identifier: MIT
import JSON
import SQLiteConnection
import TransactionModel

/// Reads the schema of a database: tables, but no views, virtual tables, tables of SQLite and tables of ours.
struct Introspection {
    private let connection: SQLiteConnection
    private let literals: LiteralEvaluator

    init(_ connection: SQLiteConnection) throws(SQLiteError) {
        self.connection = connection
        literals = try LiteralEvaluator()
    }

    private struct TableRow {
        var name: String
        var isWithoutRowID: Bool
        var isStrict: Bool
    }

    private struct IndexRow {
        var name: String
        var isKey: Bool
        var isUnique: Bool
        var isPartial: Bool
    }

    func schema() throws(SQLiteError) -> Schema {
        let list = try rows(
            """
            SELECT name, wr, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'
            AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE 'sluice\\_%' ESCAPE '\\' ORDER BY name
            """
        ) { TableRow(name: $0.text(0) ?? "", isWithoutRowID: $0.int64(1) != 0, isStrict: $0.int64(2) != 0) }
        let triggered = Set(
            try rows("SELECT tbl_name FROM sqlite_schema WHERE type = 'trigger'") {
                ($0.text(0) ?? "").asciiUppercased
            })
        var keys: [String: (name: String, key: [String])] = [:]
        var tables: [(row: TableRow, key: [String])] = []
        for row in list {
            let key = try primaryKey(of: row)
            keys[row.name.asciiUppercased] = (row.name, key)
            tables.append((row, key))
        }
        var result: [Table] = []
        for (row, key) in tables {
            result.append(
                try table(row, key: key, keys: keys, hasTriggers: triggered.contains(row.name.asciiUppercased)))
        }
        return Schema(tables: result)
    }

    private func primaryKey(of table: TableRow) throws(SQLiteError) -> [String] {
        try rows("SELECT name FROM pragma_table_xinfo(?1) WHERE pk > 0 ORDER BY pk", table.name) { $0.text(0) ?? "" }
    }

    private func table(
        _ row: TableRow, key: [String], keys: [String: (name: String, key: [String])], hasTriggers: Bool
    ) throws(SQLiteError) -> Table {
        let indexes = try rows("SELECT name, \"unique\", origin, partial FROM pragma_index_list(?1)", row.name) {
            IndexRow(
                name: $0.text(0) ?? "", isKey: $0.text(2) == "pk", isUnique: $0.int64(1) != 0,
                isPartial: $0.int64(3) != 0)
        }
        // An INTEGER PRIMARY KEY is the rowid itself, unless it has an index of its own (as `DESC` gives it).
        let keyIsRowID = !row.isWithoutRowID && key.count == 1 && !indexes.contains(where: \.isKey)
        let columns = try columns(of: row, keyIsRowID: keyIsRowID)
        return Table(
            name: row.name, columns: columns, primaryKey: key, assignsKey: keyIsRowID,
            keyIsFolded: try indexes.first(where: \.isKey).map(isFolded) ?? false,
            uniqueKeys: try uniqueKeys(indexes.filter { !$0.isPartial }).filter { $0 != key },
            partialUniqueKeys: try uniqueKeys(indexes.filter(\.isPartial)),
            hasComputedUniqueness: try hasComputedUniqueness(indexes),
            foreignKeys: try foreignKeys(of: row, keys: keys),
            hasTriggers: hasTriggers)
    }

    private func isFolded(_ index: IndexRow) throws(SQLiteError) -> Bool {
        try rows("SELECT coll FROM pragma_index_xinfo(?1) WHERE key = 1", index.name) { $0.text(0) ?? "" }
            .contains { $0.asciiUppercased != "BINARY" }
    }

    private func columns(of table: TableRow, keyIsRowID: Bool) throws(SQLiteError) -> [Column] {
        var failure: SQLiteError?
        let columns = try rows(
            "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?1) WHERE hidden <> 1",
            table.name
        ) { row in
            let declared = row.text(1) ?? ""
            let type = ColumnType.declared(declared, strict: table.isStrict)
            var column = Column(
                // NULL in a primary key is an old leniency of SQLite; no record can be named by it.
                name: row.text(0) ?? "", type: type, isNullable: row.int64(2) == 0 && row.int64(4) == 0,
                isGenerated: row.int64(5) != 0)
            if let text = row.text(3), !column.isGenerated, !(keyIsRowID && row.int64(4) != 0) {
                do throws(SQLiteError) {
                    column.defaultValue = try defaultValue(text, declared: declared, type: type)
                } catch {
                    failure = error
                }
            }
            return column
        }
        if let failure { throw failure }
        return columns
    }

    private func defaultValue(_ text: String, declared: String, type: ColumnType) throws(SQLiteError) -> DefaultValue {
        switch DefaultExpression(text) {
        case .null: return .none
        case .now(let moment): return DefaultExpression.isNow(moment, for: type) ? .now : .volatile
        case .other: return .volatile
        case .literal(let literal):
            let value = try literals.value(literal, affinity: Affinity(declared: declared), type: type)
            return .constant(value)
        }
    }

    /// Beside the primary key.
    private func uniqueKeys(_ indexes: [IndexRow]) throws(SQLiteError) -> [[String]] {
        var result: [[String]] = []
        for index in indexes where index.isUnique && !index.isKey {
            if let names = try columns(of: index), !result.contains(names) { result.append(names) }
        }
        return result
    }

    private func hasComputedUniqueness(_ indexes: [IndexRow]) throws(SQLiteError) -> Bool {
        for index in indexes where index.isUnique {
            if try columns(of: index) == nil { return true }
        }
        return false
    }

    /// Nil where there is an expression among them.
    private func columns(of index: IndexRow) throws(SQLiteError) -> [String]? {
        let names = try rows("SELECT name FROM pragma_index_info(?1) ORDER BY seqno", index.name) { $0.text(0) }
        return names.contains(nil) ? nil : names.compactMap { $0 }
    }

    private func foreignKeys(
        of table: TableRow, keys: [String: (name: String, key: [String])]
    ) throws(SQLiteError) -> [ForeignKey] {
        let list = try rows(
            "SELECT id, \"table\", \"from\", \"to\", on_delete FROM pragma_foreign_key_list(?1) ORDER BY id, seq",
            table.name
        ) { (id: $0.int64(0), table: $0.text(1) ?? "", from: $0.text(2) ?? "", to: $0.text(3), onDelete: $0.text(4)) }
        var result: [(id: Int64, key: ForeignKey)] = []
        for row in list {
            if result.last?.id != row.id {
                let onDelete: ForeignKey.DeleteAction =
                    switch row.onDelete {
                    case "CASCADE"?: .cascade
                    case "SET NULL"?: .setNull
                    case "SET DEFAULT"?: .setDefault
                    default: .none
                    }
                result.append(
                    (row.id, ForeignKey(columns: [], table: row.table, referencedColumns: [], onDelete: onDelete)))
            }
            result[result.count - 1].key.columns.append(row.from)
            if let to = row.to { result[result.count - 1].key.referencedColumns.append(to) }
        }
        return result.map { entry in
            var key = entry.key
            // Its own spelling of names may be another than that of the tables they name.
            guard let other = keys[key.table.asciiUppercased] else { return key }
            key.table = other.name
            key.referencedColumns = key.referencedColumns.map { column in
                other.key.first { $0.asciiUppercased == column.asciiUppercased } ?? column
            }
            // Without columns it means the primary key of the other table.
            if key.referencedColumns.isEmpty { key.referencedColumns = other.key }
            return key
        }
    }

    private func rows<R>(
        _ sql: String, _ parameter: String? = nil, _ read: (SQLiteStatement) -> R
    ) throws(SQLiteError) -> [R] {
        let statement = try connection.statement(sql)
        defer { statement.reset() }
        if let parameter { statement.bind(1, parameter) }
        var result: [R] = []
        while try statement.step() { result.append(read(statement)) }
        return result
    }
}
