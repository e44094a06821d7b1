// SPDX-License-Identifier: MIT
import JSON
import SeededRandom
import SmartQueries
import TransactionModel

/// A random read, and for a query the same as plain SQL.
enum RandomRead: CustomStringConvertible {
    case get(model: String, id: JSONValue)
    case query(QueryCase)

    var description: String {
        switch self {
        case .get(let model, let id): "\(model) \(String(decoding: id.bytes, as: UTF8.self))"
        case .query(let query):
            "\(query.model) \(String(decoding: query.condition?.json.bytes ?? [], as: UTF8.self))"
                + " order \(query.order) limit \(query.limit) offset \(query.offset)"
        }
    }

    struct QueryCase {
        var model: String
        var condition: (json: JSONValue, sql: String)?
        var order: [String]
        var limit: Int
        var offset: Int
        var key: [String]

        func query() throws -> RecordQuery {
            var query = RecordQuery(model: model)
            query.condition = try condition.map { try view($0.json) }
            query.order = try view(.array(order.map { .string($0) }))
            query.limit = limit
            query.offset = offset
            query.wantsCount = true
            return query
        }

        private var filter: String { condition.map { " WHERE \($0.sql)" } ?? "" }

        var countSQL: String { "SELECT count(*) FROM \(model)\(filter)" }

        /// The key of each record as JSON text, in order.
        var keysSQL: String {
            let named = order.map { $0.hasPrefix("-") ? String($0.dropFirst()) : $0 }
            var terms = order.map { term in
                let name = term.hasPrefix("-") ? String(term.dropFirst()) : term
                return term.hasPrefix("-") ? "\(name) IS NULL DESC, \(name) DESC" : "\(name) IS NULL, \(name)"
            }
            terms += key.filter { !named.contains($0) }
            return "SELECT json_array(\(key.joined(separator: ", "))) FROM \(model)\(filter)"
                + " ORDER BY \(terms.joined(separator: ", ")) LIMIT \(limit) OFFSET \(offset)"
        }
    }

    /// Columns that only the database can know are not asked for: their answer is `unknown`, and so would be the filter's.
    private static let unasked: Set<String> = ["looked_up", "twice", "salt"]

    static func random(_ world: inout World) -> RandomRead {
        if world.random.chance(40) { return randomGet(&world) }
        let model = world.random.pick(["station", "reading", "event", "sensor", "tag"])
        guard let table = world.tables[model] else { preconditionFailure("a table of the schema") }
        var order: [String] = []
        for column in table.columns.shuffled(using: &world.random).prefix(world.random.integer(0...3))
        where !unasked.contains(column.name) {
            order.append((world.random.chance(50) ? "-" : "") + column.name)
        }
        let condition = world.random.chance(75) ? condition(table, depth: 2, &world) : nil
        return .query(
            QueryCase(
                model: model, condition: condition, order: order, limit: world.random.pick([1, 3, 10, 1000]),
                offset: world.random.pick([0, 0, 1, 5]), key: table.primaryKey))
    }

    private static func randomGet(_ world: inout World) -> RandomRead {
        switch world.random.integer(1...6) {
        case 1: .get(model: "station", id: .string(world.random.pick(world.stations + ["nobody"])))
        case 2: .get(model: "reading", id: world.random.pick(world.readings))
        case 3: .get(model: "event", id: world.random.pick(world.events))
        case 4: .get(model: "sensor", id: .string(world.random.pick(world.sensors)))
        case 5: .get(model: "tag", id: world.random.pick(world.tags))
        default: .get(model: "visit", id: .string(world.random.pick(world.visits)))
        }
    }

    private static func condition(_ table: Table, depth: Int, _ world: inout World) -> (json: JSONValue, sql: String) {
        if depth > 0 && world.random.chance(40) {
            let word = world.random.pick(["$and", "$or"])
            let parts = (0..<world.random.integer(0...3)).map { _ in condition(table, depth: depth - 1, &world) }
            let sql = parts.map(\.sql).joined(separator: word == "$and" ? " AND " : " OR ")
            let empty = word == "$and" ? "1" : "0"
            return ([word: .array(parts.map(\.json))], parts.isEmpty ? empty : "(\(sql))")
        }
        let isAssigned = { (name: String) in
            table.assignsKey && table.primaryKey == [name] || table.name == "tag" && name == "event"
        }
        let columns = table.columns.filter { !unasked.contains($0.name) && !isAssigned($0.name) }
        let column = world.random.pick(columns)
        let (value, text) = literal(column.type, &world)
        switch world.random.integer(1...10) {
        case 1: return ([column.name: null], "\(column.name) IS NULL")
        case 2:
            let wanted = world.random.chance(50)
            return ([column.name: ["null": .bool(wanted)]], "\(column.name) IS \(wanted ? "" : "NOT ")NULL")
        case 3: return ([column.name: value.kindIsObject ? ["eq": value] : value], "\(column.name) = \(text)")
        case 4:
            let others = (0..<world.random.integer(0...3)).map { _ in literal(column.type, &world) }
            let list = [(value, text)] + others
            return (
                [column.name: ["in": .array(list.map(\.0))]],
                "\(column.name) IN (\(list.map(\.1).joined(separator: ", ")))"
            )
        default:
            let (word, sign) = world.random.pick([
                ("eq", "="), ("ne", "<>"), ("lt", "<"), ("lte", "<="), ("gt", ">"), ("gte", ">="),
            ])
            return ([column.name: [word: value]], "\(column.name) \(sign) \(text)")
        }
    }

    /// A value and the same in SQL.
    private static func literal(_ type: ColumnType, _ world: inout World) -> (JSONValue, String) {
        let value = world.value(type)
        guard let canonical = type.canonical(value) else { preconditionFailure("a value of its type") }
        switch canonical {
        case .bool(let flag) where type != .json: return (value, flag ? "1" : "0")
        case .number(let number):
            let isBlob = type == .json && number.text == "1.50"
            return (value, isBlob ? "x'312e3530'" : number.text)
        case .string(let text) where type != .json: return (value, quoted(text))
        case .object where type != .json:
            let digits = (canonical.bytesValue ?? []).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
            return (value, "x'\(digits.joined())'")
        case .null, .bool, .string, .array, .object:
            return (value, quoted(String(decoding: canonical.withoutLiteral.bytes, as: UTF8.self)))
        }
    }

    private static func quoted(_ text: String) -> String {
        // A NUL would end the statement's text.
        let bytes = text.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        return "CAST(x'\(bytes.joined())' AS TEXT)"
    }
}

extension JSONValue {
    fileprivate var kindIsObject: Bool { object != nil && bytesValue == nil }
}
