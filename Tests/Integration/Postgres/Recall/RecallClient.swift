// SPDX-License-Identifier: MIT
#if Postgres
import DaemonHarness
import Foundation
import JSON

/// One client of the property: writes records of its own and counters that all share, and checks each answer against
/// what it wrote.
final class RecallClient: @unchecked Sendable {  // used by its thread, and read when that has ended
    struct WrongAnswer: Error, CustomStringConvertible {
        var description: String
    }

    /// A read or write that meets these is repeated, and not counted: the sidecar has said that it can't answer now.
    private static let passing: Set<String> = [
        "database_unavailable", "stale_read", "store_unavailable", "outcome_unknown", "busy",
    ]

    private(set) var model: RecallModel
    private(set) var lastTransaction: String?
    private let gate: RecallGate
    private let path: String
    private var connection: FrameClient?
    private var random: SeededGenerator
    /// The greatest value seen of each shared counter.
    private var ticksSeen: [Int]

    init(owner: Int, seed: UInt64, _ gate: RecallGate, path: String) {
        model = RecallModel(owner: owner)
        random = SeededGenerator(seed: seed &+ UInt64(owner))
        ticksSeen = model.ticks
        self.gate = gate
        self.path = path
    }

    func run() throws {
        do {
            while gate.isOpen {
                if Int.random(in: 0..<7, using: &random) == 0 { try write() } else { try read() }
            }
        } catch {
            // One wrong answer is enough for all.
            gate.end()
            throw error
        }
    }

    // MARK: Writing

    private func write() throws {
        let next = RecallWriter(model, using: &random)
        let params: JSONValue = ["transaction": next.transaction]
        // Whatever the outcome of the first attempt: the same id, the same transaction.
        _ = try persistently { try $0.call("transaction.buffer", params) }
        model = next.model
        lastTransaction = next.id
    }

    private func persistently(_ body: (FrameClient) throws -> JSONValue) throws -> JSONValue {
        while true {
            if gate.hasEnded { throw WrongAnswer(description: "client \(model.owner) was stopped") }
            do {
                let client = try connection ?? FrameClient(path, timeoutSeconds: 60)
                connection = client
                return try body(client)
            } catch let error as ConnectionError where error != .timedOut {
                gate.refuse("connection lost")
                connection = nil
                usleep(3000)
            } catch let error as RemoteError where Self.passing.contains(error.kind) {
                gate.refuse(error.kind)
                usleep(3000)
            }
        }
    }

    // MARK: Reading

    func read() throws {
        switch Int.random(in: 0..<20, using: &random) {
        case 0...5: try getItem()
        case 6...12: try queryItems()
        case 13, 14: try getPart()
        case 15: try queryParts()
        case 16, 17: try queryMarks()
        case 18: try getVisit()
        default: try getTick()
        }
        gate.count()
    }

    private func get(_ table: String, _ id: JSONValue) throws -> JSONValue {
        try persistently { try $0.get(table, id) }
    }

    private func query(_ table: String, _ members: JSONObject) throws -> JSONValue {
        try persistently { try $0.query(table, members) }
    }

    private func getItem() throws {
        let known = (model.items.keys + model.gone).sorted()
        guard let id = known.randomElement(using: &random) else { return }
        let answer = try get("item", .string(id))
        try check(answer["record"], model.json(item: id), answer, mayLack: ["looked_up"])
    }

    private func queryItems() throws {
        let query = RecallQuery(using: &random)
        let members = query.members(owner: model.owner)
        let answer = try self.query("item", members)
        let expected = query.answer(model)
        let request: JSONValue = .object(members)
        try check(answer, ids: expected.ids, request)
        guard answer["count"]?.int64 == Int64(expected.count) else {
            throw wrong("count is not \(expected.count)", answer, request)
        }
        for (record, id) in zip(answer["records"]?.array ?? [], expected.ids) {
            try check(record, model.json(item: id), answer, request, mayLack: ["looked_up"])
        }
    }

    private func getPart() throws {
        guard let (serial, part) = somePart() else { return }
        let name = Bool.random(using: &random) ? part.name : ["$ref": .string(part.reference)]
        let answer = try get("part", name)
        try check(answer["record"], model.json(part: serial), answer, name, mayLack: ["id"])
        try learn(answer["record"]?["id"], serial, answer)
    }

    private func queryParts() throws {
        guard let (_, part) = somePart() else { return }
        let isDescending = Bool.random(using: &random)
        let members: JSONObject = [
            "where": ["owner": .integer(Int64(model.owner)), "item_id": .string(part.item)],
            "order_by": [.string(isDescending ? "-serial" : "serial")], "count": true,
        ]
        let answer = try query("part", members)
        let rising = model.parts.filter { $0.value.item == part.item }.keys.sorted()
        let serials = isDescending ? rising.reversed() : rising
        let records = answer["records"]?.array ?? []
        guard records.map({ $0["serial"]?.int64 }) == serials.map({ Int64($0) }),
            answer["count"]?.int64 == Int64(serials.count)
        else { throw wrong("the parts are not \(serials)", answer, .object(members)) }
        for (record, serial) in zip(records, serials) {
            try check(record, model.json(part: serial), answer, .object(members), mayLack: ["id"])
            try learn(record["id"], serial, answer)
        }
    }

    /// Marks by the part that they name: related records by a foreign key, by reference as long as the id is not known.
    private func queryMarks() throws {
        guard let (serial, part) = somePart(), let (_, other) = somePart() else { return }
        let (condition, isWanted): (JSONValue, (Int) -> Bool) =
            switch Int.random(in: 0..<4, using: &random) {
            case 0: (part.name, { $0 == serial })
            case 1:
                (
                    ["in": [part.name, other.name]],
                    {
                        self.model.parts[$0]?.reference == part.reference
                            || self.model.parts[$0]?.reference == other.reference
                    }
                )
            case 2: (["ne": ["$ref": .string(part.reference)]], { $0 != serial })
            default: (["eq": ["$ref": .string(part.reference)]], { $0 == serial })
            }
        let members: JSONObject = [
            "where": ["owner": .integer(Int64(model.owner)), "part_id": condition], "order_by": ["-id"], "count": true,
        ]
        let answer = try query("mark", members)
        let ids = model.marks.filter { isWanted($0.value) }.keys.sorted(by: >)
        try check(answer, ids: ids, .object(members))
        guard answer["count"]?.int64 == Int64(ids.count) else { throw wrong("count", answer, .object(members)) }
        for (record, id) in zip(answer["records"]?.array ?? [], ids) {
            if let named = model.marks[id], record["part_id"]?.int64 != nil {
                try learn(record["part_id"], named, answer)
            }
        }
    }

    private func getVisit() throws {
        let index = Int.random(in: 0..<RecallModel.visitCount, using: &random)
        let answer = try get("visit", .string(model.visitID(index)))
        let expected: JSONValue = [
            "id": .string(model.visitID(index)), "owner": .integer(Int64(model.owner)),
            "code": .string(model.visitCode(index)), "rank": .integer(Int64(model.visits[index])),
        ]
        // A change of anybody's whose record only the database can find may be to this one.
        try check(answer["record"], expected, answer, mayLack: ["code", "rank"])
    }

    /// Of a record that everybody writes: it never goes back, and has at least what this client added.
    private func getTick() throws {
        let index = Int.random(in: 0..<RecallModel.tickCount, using: &random)
        let answer = try get("tick", .string("tick\(index)"))
        let value = answer["record"]?["value"]?.int64.map { Int($0) } ?? -1
        guard value >= max(ticksSeen[index], model.ticks[index]) else {
            throw wrong("before it was \(ticksSeen[index]), own \(model.ticks[index])", answer)
        }
        ticksSeen[index] = value
    }

    private func somePart() -> (serial: Int, part: RecallModel.Part)? {
        model.parts.sorted { $0.key < $1.key }.randomElement(using: &random).map { ($0.key, $0.value) }
    }

    // MARK: Checks

    /// An id that the database has given stays.
    private func learn(_ id: JSONValue?, _ serial: Int, _ answer: JSONValue) throws {
        guard let id = id?.int64 else { return }
        guard (model.parts[serial]?.id ?? id) == id else { throw wrong("another id for part \(serial)", answer) }
        model.parts[serial]?.id = id
    }

    private func check(_ answer: JSONValue, ids: [String], _ request: JSONValue) throws {
        let answered = answer["records"]?.array?.map { $0["id"]?.string ?? "none" } ?? []
        guard answered == ids else {
            let (missing, wrongly) = (Set(ids).subtracting(answered).sorted(), Set(answered).subtracting(ids).sorted())
            throw wrong("of \(ids) it lacks \(missing) and has \(wrongly)", answer, request)
        }
    }

    private func check(
        _ record: JSONValue?, _ expected: JSONValue?, _ answer: JSONValue, _ request: JSONValue = .null,
        mayLack columns: Set<String>
    ) throws {
        let unknown = answer["unknown"]?.array?.compactMap(\.string) ?? []
        guard columns.isSuperset(of: unknown) else { throw wrong("unknown", answer, request) }
        guard let expected = expected?.object else {
            if record != nil && record != .null { throw wrong("it is deleted", answer, request) }
            return
        }
        for (name, value) in expected where !unknown.contains(name) && record?[name] != value {
            throw wrong("\(name) is not \(Self.text(value))", answer, request)
        }
    }

    private func wrong(_ what: String, _ answer: JSONValue, _ request: JSONValue = .null) -> WrongAnswer {
        WrongAnswer(
            description:
                "client \(model.owner) after \(lastTransaction ?? "nothing"), read \(gate.reads): \(what); asked \(Self.text(request)), answered \(Self.text(answer))"
        )
    }

    private static func text(_ value: JSONValue) -> String { String(decoding: value.bytes, as: UTF8.self) }
}
#endif
