// SPDX-License-Identifier: MIT
import JSON
import SQLiteConnection
import SeededRandom
import TransactionModel

/// Makes random transactions on tables whose deletes reach into others, and runs each at once on a database of its own,
/// which is what the main database is to be at the end. A transaction that fails there is none.
struct Tree {
    static let schema = """
        CREATE TABLE owner (id TEXT PRIMARY KEY, name TEXT);
        CREATE TABLE kind (id TEXT PRIMARY KEY, note TEXT);
        CREATE TABLE folder (
            id TEXT PRIMARY KEY, parent TEXT REFERENCES folder ON DELETE CASCADE,
            owner TEXT REFERENCES owner(id) ON DELETE SET NULL, name TEXT);
        CREATE TABLE file (
            id TEXT PRIMARY KEY, folder TEXT NOT NULL REFERENCES folder(id) ON DELETE CASCADE,
            kind TEXT DEFAULT 'plain' REFERENCES kind(id) ON DELETE SET DEFAULT, size INTEGER);
        CREATE TABLE line (
            number INTEGER, file TEXT REFERENCES file(id) ON DELETE CASCADE, text TEXT, PRIMARY KEY (file, number));
        CREATE TABLE mark (
            id TEXT PRIMARY KEY, number INTEGER, file TEXT, note TEXT,
            FOREIGN KEY (number, file) REFERENCES line(number, file) ON DELETE SET NULL);
        CREATE TABLE box (
            id INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT REFERENCES owner(id) ON DELETE CASCADE, note TEXT);
        CREATE TABLE item (id TEXT PRIMARY KEY, box INTEGER REFERENCES box(id) ON DELETE CASCADE, note TEXT);
        INSERT INTO kind VALUES ('plain', NULL), ('k1', NULL), ('k2', NULL);
        INSERT INTO owner VALUES ('o1', 'one'), ('o2', 'two');
        INSERT INTO folder VALUES ('f1', NULL, 'o1', 'root'), ('f2', 'f1', 'o2', 'a'), ('f3', 'f2', NULL, 'b');
        INSERT INTO file VALUES ('x1', 'f1', 'plain', 1), ('x2', 'f2', 'k1', 2), ('x3', 'f3', 'k2', 3);
        INSERT INTO line VALUES (1, 'x1', 'l'), (1, 'x3', 'm'), (2, 'x3', 'n');
        INSERT INTO mark VALUES ('m1', 1, 'x3', 'p'), ('m2', 2, 'x3', 'q'), ('m3', NULL, NULL, 'r');
        INSERT INTO box VALUES (1, 'o1', 'base'), (2, NULL, 'base');
        INSERT INTO item VALUES ('i1', 1, 'base'), ('i2', 2, 'base');
        """

    /// A value of a step.
    enum Value: Hashable {
        case null
        case text(String)
        case integer(Int64)
        /// Of a box that a step makes.
        case made(transaction: String, step: String)

        func json(in transaction: String) -> JSONValue {
            switch self {
            case .null: .null
            case .text(let text): .string(text)
            case .integer(let number): .integer(number)
            case .made(let maker, let step): ["$ref": .string((maker == transaction ? "" : maker + "#") + step + ".id")]
            }
        }
    }

    /// Every id that a record of a table ever had.
    private(set) var ids: [String: [[String: Value]]] = [
        "owner": ["o1", "o2"].map { ["id": .text($0)] }, "kind": ["k1", "k2"].map { ["id": .text($0)] },
        "folder": ["f1", "f2", "f3"].map { ["id": .text($0)] }, "file": ["x1", "x2", "x3"].map { ["id": .text($0)] },
        "line": [
            ["file": .text("x1"), "number": .integer(1)], ["file": .text("x3"), "number": .integer(1)],
            ["file": .text("x3"), "number": .integer(2)],
        ],
        "mark": ["m1", "m2", "m3"].map { ["id": .text($0)] }, "box": [["id": .integer(1)], ["id": .integer(2)]],
        "item": ["i1", "i2"].map { ["id": .text($0)] },
    ]
    var random: SeededGenerator
    let database: SQLiteConnection
    /// Ids that boxes got.
    private(set) var boxes: [Value: Int64] = [:]
    private var number = 0

    private struct Step {
        var name: String
        var operation: String
        var table: String
        var id: [String: Value]
        var data: [(column: String, value: Value)] = []
    }

    init(path: String, seed: UInt64) throws {
        database = try SQLiteConnection(path: path, mode: .create)
        try database.execute("PRAGMA foreign_keys = ON;" + Self.schema)
        random = SeededGenerator(seed: seed)
    }

    /// The next transaction that succeeds.
    mutating func transaction() throws -> JSONValue {
        while true {
            number += 1
            let name = "t\(number)"
            var made: [(table: String, id: [String: Value])] = []
            let steps = (0..<random.integer(1...3)).map { step("a\($0)", name, &made) }
            try database.execute("BEGIN")
            let before = boxes
            do {
                for step in steps { try run(step, name) }
                try database.execute("COMMIT")
            } catch {
                try database.execute("ROLLBACK")
                boxes = before
                continue
            }
            for (table, id) in made { ids[table]?.append(id) }
            return ["transaction_id": .string(name), "steps": .array(steps.map { json($0, name) })]
        }
    }

    /// The id of a record as a client writes it.
    func json(_ id: [String: Value], in transaction: String = "") -> JSONValue {
        if id.count == 1, let only = id["id"] { return only.json(in: transaction) }
        return Self.object(id.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, transaction)
    }

    // MARK: Steps

    private mutating func step(
        _ name: String, _ transaction: String, _ made: inout [(table: String, id: [String: Value])]
    ) -> Step {
        let table = random.pick(["owner", "kind", "folder", "folder", "file", "file", "line", "mark", "box", "item"])
        let known = ids[table, default: []] + made.filter { $0.table == table }.map(\.id)
        let id = random.pick(known)
        switch random.integer(1...10) {
        case 1...4:
            var step = Step(name: name, operation: "create", table: table, id: fresh(table, id, made))
            if table == "box" { step.id = ["id": .made(transaction: transaction, step: name)] }
            step.data = data(table, percent: 80, made)
            made.append((table, step.id))
            return step
        case 5, 6: return Step(name: name, operation: "delete", table: table, id: id)
        case 7 where table != "box":
            return Step(name: name, operation: "upsert", table: table, id: id, data: data(table, percent: 80, made))
        default:
            return Step(name: name, operation: "update", table: table, id: id, data: data(table, percent: 60, made))
        }
    }

    /// The id of a new record; now and then one that was there before.
    private mutating func fresh(
        _ table: String, _ old: [String: Value], _ made: [(table: String, id: [String: Value])]
    ) -> [String: Value] {
        number += 1
        if random.chance(25) { return old }
        if table == "line" { return ["file": pick("file", made), "number": .integer(Int64(number))] }
        return ["id": .text("\(table.prefix(1))\(number)")]
    }

    private mutating func pick(_ table: String, _ made: [(table: String, id: [String: Value])]) -> Value {
        random.pick(ids[table, default: []] + made.filter { $0.table == table }.map(\.id))["id"] ?? .null
    }

    private mutating func data(
        _ table: String, percent: Int, _ made: [(table: String, id: [String: Value])]
    ) -> [(column: String, value: Value)] {
        var data: [(column: String, value: Value)] = []
        func isWanted(_ tree: inout Tree) -> Bool { tree.random.chance(percent) }
        number += 1
        switch table {
        case "owner": data.append(("name", .text("n\(number)")))
        case "kind": data.append(("note", .text("n\(number)")))
        case "folder":
            data.append(("name", .text("n\(number)")))
            if isWanted(&self) { data.append(("parent", random.chance(10) ? .null : pick("folder", made))) }
            if isWanted(&self) { data.append(("owner", random.chance(10) ? .null : pick("owner", made))) }
        case "file":
            data.append(("size", .integer(Int64(number))))
            data.append(("folder", pick("folder", made)))
            if isWanted(&self) { data.append(("kind", random.chance(10) ? .null : pick("kind", made))) }
        case "line": data.append(("text", .text("n\(number)")))
        case "mark":
            data.append(("note", .text("n\(number)")))
            let lines = ids["line", default: []] + made.filter { $0.table == "line" }.map(\.id)
            let line = random.pick(lines)
            if isWanted(&self) {
                data.append(("file", line["file"] ?? .null))
                data.append(("number", line["number"] ?? .null))
            }
        case "box":
            data.append(("note", .text("n\(number)")))
            if isWanted(&self) { data.append(("owner", pick("owner", made))) }
        default:
            data.append(("note", .text("n\(number)")))
            if isWanted(&self) { data.append(("box", pick("box", made))) }
        }
        return data
    }

    private func json(_ step: Step, _ transaction: String) -> JSONValue {
        var object: JSONObject = [
            "step_id": .string(step.name), "operation": .string(step.operation), "model": .string(step.table),
        ]
        var data = step.data
        let makes = step.operation == "create" || step.operation == "upsert"
        if makes {
            if step.table != "box" { data += step.id.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
        } else {
            object.append("id", json(step.id, in: transaction))
        }
        if step.operation != "delete" {
            object.append("data", Self.object(data, transaction))
        }
        return .object(object)
    }

    private static func object(_ members: [(column: String, value: Value)], _ transaction: String) -> JSONValue {
        var object = JSONObject()
        for (name, value) in members { object.append(name, value.json(in: transaction)) }
        return .object(object)
    }

    // MARK: The database

    private struct Missing: Error {}

    private mutating func run(_ step: Step, _ transaction: String) throws {
        var key = step.id
        if step.table == "box", step.operation == "create" { key = [:] }
        let keyTerms = key.keys.sorted().map { "\($0) = ?" }.joined(separator: " AND ")
        let keyValues = key.keys.sorted().compactMap { key[$0] }
        switch step.operation {
        case "delete": _ = try execute("DELETE FROM \(step.table) WHERE \(keyTerms)", keyValues)
        case "update":
            let terms = step.data.map { "\($0.column) = ?" }.joined(separator: ", ")
            let sql = "UPDATE \(step.table) SET \(terms) WHERE \(keyTerms)"
            guard try execute(sql, step.data.map(\.value) + keyValues) == 1 else { throw Missing() }
        default:
            let columns = step.data.map(\.column) + key.keys.sorted()
            var sql = "INSERT INTO \(step.table) (\(columns.joined(separator: ", "))) VALUES ("
            sql += columns.map { _ in "?" }.joined(separator: ", ") + ")"
            if step.operation == "upsert" {
                sql += " ON CONFLICT DO UPDATE SET "
                sql += step.data.map { "\($0.column) = excluded.\($0.column)" }.joined(separator: ", ")
            }
            _ = try execute(sql, step.data.map(\.value) + keyValues)
            if step.table == "box", let id = try database.integer("SELECT last_insert_rowid()") {
                boxes[.made(transaction: transaction, step: step.name)] = id
            }
        }
    }

    private func execute(_ sql: String, _ values: [Value]) throws -> Int64 {
        let statement = try database.statement(sql)
        defer { statement.reset() }
        for (index, value) in values.enumerated() {
            switch value {
            case .null: statement.bindNull(Int32(index + 1))
            case .text(let text): statement.bind(Int32(index + 1), text)
            case .integer(let number): statement.bind(Int32(index + 1), number)
            case .made:
                guard let id = boxes[value] else { throw Missing() }
                statement.bind(Int32(index + 1), id)
            }
        }
        while try statement.step() {}
        return try database.integer("SELECT changes()") ?? 0
    }
}
