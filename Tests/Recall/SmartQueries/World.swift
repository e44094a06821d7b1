// SPDX-License-Identifier: MIT
import JSON
import SeededRandom
import TransactionModel

/// Makes random transactions that can't fail: it remembers which records there will be.
struct World {
    static let schema = """
        CREATE TABLE station (
            id TEXT PRIMARY KEY, name TEXT NOT NULL, height REAL, weight NUMERIC, active BOOLEAN DEFAULT 1,
            notes JSON, seen TIMESTAMP, day DATE, clock TIME, raw BLOB, visits INTEGER NOT NULL DEFAULT 0, anything,
            tag UUID, kind TEXT DEFAULT 'plain', made TIMESTAMP DEFAULT CURRENT_TIMESTAMP, code TEXT UNIQUE);
        CREATE TABLE reading (
            station TEXT, seq INTEGER, value REAL, label TEXT DEFAULT 'x', weight NUMERIC DEFAULT 1.5,
            PRIMARY KEY (seq, station)) WITHOUT ROWID;
        CREATE TABLE event (
            id INTEGER PRIMARY KEY, station TEXT REFERENCES station(id), level INTEGER, text TEXT, sum NUMERIC,
            looked_up TEXT);
        CREATE TABLE sensor (
            id TEXT PRIMARY KEY, a INTEGER, twice INTEGER GENERATED ALWAYS AS (a * 2), salt INTEGER DEFAULT (random()));
        CREATE TABLE visit (id TEXT PRIMARY KEY, code TEXT UNIQUE, rank INTEGER, state TEXT DEFAULT 'new');
        CREATE TABLE tag (event INTEGER, name TEXT, note TEXT, rank INTEGER, PRIMARY KEY (event, name));
        INSERT INTO station (id, name, height, visits, code) VALUES ('s0', 'zero', 1.5, 3, 'base-0'),
            ('s1', 'one', NULL, 0, NULL), ('s2', 'two', -7, 9, 'base-2');
        INSERT INTO reading (station, seq, value) VALUES ('s0', 1, 0.5), ('s1', 1, 1), ('s,1', 2, NULL);
        INSERT INTO event (id, station, level) VALUES (1, 's0', 4), (2, NULL, NULL), (100000, 's1', 4);
        INSERT INTO sensor (id, a) VALUES ('p', 1), ('q', NULL);
        INSERT INTO visit (id, code, rank) VALUES ('v0', 'c0', 0), ('v1', 'c1', 1);
        INSERT INTO tag VALUES (1, 'base', NULL, 1);
        """

    let tables: Schema
    var random: SeededGenerator
    /// Names what is new; beyond the ids that the schema begins with.
    var number = 10
    private(set) var stations = ["s0", "s1", "s2"]
    /// Stations that an event names: those stay.
    private var named: Set<String> = ["s0", "s1"]
    private(set) var readings: [JSONValue] = [
        ["seq": 1, "station": "s0"], ["seq": 1, "station": "s1"], ["seq": 2, "station": "s,1"],
    ]
    /// Integers, and references to ids that the database will assign.
    var events: [JSONValue] = [1, 2]
    private(set) var sensors = ["p", "q"]
    private(set) var visits = ["v0", "v1"]
    /// By event and name; the event may be a reference to an id that the database will assign.
    var tags: [JSONValue] = [["event": 1, "name": "base"]]

    init(_ schema: Schema, seed: UInt64) {
        tables = schema
        random = SeededGenerator(seed: seed)
    }

    mutating func transaction() -> JSONValue {
        number += 1
        let id = "t\(number)"
        var steps: [JSONValue] = []
        switch random.integer(1...10) {
        case 1: steps = reordered()
        case 2: steps = linked(id)
        case 3: steps = tagged(id)
        default:
            for index in 0..<random.integer(1...4) { steps += step("a\(index)", id) }
            if steps.isEmpty { steps = [bulkCreateReadings("a")] }
        }
        return ["transaction_id": .string(id), "steps": .array(steps)]
    }

    // MARK: Steps

    private mutating func step(_ name: String, _ transaction: String) -> [JSONValue] {
        switch random.integer(1...23) {
        case 1...3: [createStation(name)]
        case 4...6: [change(name, "update", "station", .string(random.pick(stations)))]
        case 7: [upsertStation(name)]
        case 8: [increment(name, "station", .string(random.pick(stations)), ["visits", "height", "weight"])]
        case 9: deleteStation(name)
        case 10: [bulkCreateReadings(name)]
        case 11: [bulkUpdateReadings(name)]
        case 12: [upsertReading(name)]
        case 13: deleteReading(name)
        case 14, 15: [createEvent(name, transaction)]
        case 16: [change(name, "update", "event", random.pick(events), without: ["looked_up"])]
        case 17: [increment(name, "event", random.pick(events), ["level", "sum"])]
        case 18: deleteEvent(name)
        case 19: sensor(name)
        case 20: [createTag(name)]
        case 21, 22: changeTag(name)
        default: lookUp(name)
        }
    }

    private mutating func createStation(_ name: String) -> JSONValue {
        var data = values("station", percent: 50)
        data["name"] = value(.text)
        return Self.step(name, "create", "station", ["data": .object(fresh(data))])
    }

    /// A new station's data with an id of its own, which may be left to the builder only where nobody must know it.
    private mutating func fresh(_ data: JSONObject) -> JSONObject {
        var data = data
        number += 1
        let id = "s\(number)" + random.pick(["", ":x", ",", "%", "é", "{}"])
        data["id"] = .string(id)
        stations.append(id)
        return data
    }

    private mutating func upsertStation(_ name: String) -> JSONValue {
        var data = values("station", percent: 30)
        data["name"] = value(.text)
        if random.chance(50) {
            data["id"] = .string(random.pick(stations))
        } else {
            data = fresh(data)
        }
        return Self.step(name, "upsert", "station", ["data": .object(data)])
    }

    private mutating func deleteStation(_ name: String) -> [JSONValue] {
        // Deleting what is not there succeeds.
        guard let id = stations.filter({ !named.contains($0) }).randomElement(using: &random), stations.count > 5 else {
            return [Self.step(name, "delete", "station", ["id": "nobody"])]
        }
        stations.removeAll { $0 == id }
        let deletion = Self.step(name, "delete", "station", ["id": .string(id)])
        guard random.chance(30) else { return [deletion] }
        stations.append(id)
        return [
            deletion,
            Self.step(name + "again", "create", "station", ["data": ["id": .string(id), "name": "again"]]),
        ]
    }

    private mutating func bulkCreateReadings(_ name: String) -> JSONValue {
        var rows: [JSONValue] = []
        for _ in 0..<random.integer(1...4) {
            number += 1
            let key: JSONValue = [
                "seq": .integer(Int64(number)), "station": .string(random.pick(["s0", "a,b", "x%y", "é"])),
            ]
            readings.append(key)
            rows.append(.object(merged(values("reading", percent: 60), key)))
        }
        return Self.step(name, "bulk_create", "reading", ["rows": .array(rows)])
    }

    private mutating func bulkUpdateReadings(_ name: String) -> JSONValue {
        var rows: [JSONValue] = []
        for _ in 0..<random.integer(1...3) {
            rows.append(["id": random.pick(readings), "data": .object(values("reading", percent: 50))])
        }
        return Self.step(name, "bulk_update", "reading", ["rows": .array(rows)])
    }

    private mutating func upsertReading(_ name: String) -> JSONValue {
        var key = random.pick(readings)
        if random.chance(50) {
            number += 1
            key = ["station": "up", "seq": .integer(Int64(number))]
            readings.append(key)
        }
        let data = merged(values("reading", percent: 50), key)
        return Self.step(
            name, "upsert", "reading",
            ["data": .object(data), "conflict": random.pick([["station", "seq"], ["seq", "station"]])])
    }

    private mutating func deleteReading(_ name: String) -> [JSONValue] {
        guard readings.count > 3 else { return [bulkCreateReadings(name)] }
        let key = readings.remove(at: random.integer(0...readings.count - 1))
        return [Self.step(name, "delete", "reading", ["id": key])]
    }

    private mutating func createEvent(_ name: String, _ transaction: String) -> JSONValue {
        var data = values("event", percent: 60, without: ["looked_up"])
        if random.chance(50) {
            let station = random.pick(stations)
            named.insert(station)
            data["station"] = .string(station)
        }
        if random.chance(40) {
            number += 1
            // Below those that the database assigns, so that their order is known.
            data["id"] = .integer(Int64(number))
            events.append(.integer(Int64(number)))
        } else {
            events.append(["$ref": .string("\(transaction)#\(name).id")])
        }
        return Self.step(name, "create", "event", ["data": .object(data)])
    }

    private mutating func deleteEvent(_ name: String) -> [JSONValue] {
        guard events.count > 3 else { return [] }
        let id = random.pick(events)
        // SQLite gives the greatest id out again; the tags of two events would then be one event's.
        guard !tags.contains(where: { $0["event"] == id }) else { return [] }
        events.removeAll { $0 == id }
        return [Self.step(name, "delete", "event", ["id": id])]
    }

    private mutating func sensor(_ name: String) -> [JSONValue] {
        number += 1
        guard random.chance(50) else {
            return [
                Self.step(
                    name, "update", "sensor", ["id": .string(random.pick(sensors)), "data": ["a": value(.integer)]])
            ]
        }
        sensors.append("p\(number)")
        return [Self.step(name, "create", "sensor", ["data": ["id": .string("p\(number)"), "a": value(.integer)]])]
    }

    /// A query step, whose columns only the database knows, and steps that refer to it.
    private mutating func lookUp(_ name: String) -> [JSONValue] {
        let query: JSONValue = Self.step(
            name, "query", "visit", ["where": ["code": .string(random.pick(["c0", "c1"]))]])
        let found: (String) -> JSONValue = { ["$ref": .string("\(name).\($0)")] }
        switch random.integer(1...3) {
        case 1:
            return [
                query,
                Self.step(
                    name + "e", "update", "event", ["id": random.pick(events), "data": ["looked_up": found("code")]]),
            ]
        case 2:
            return [
                query,
                Self.step(name + "v", "update", "visit", ["id": found("id"), "data": ["rank": value(.integer)]]),
            ]
        default:
            number += 1
            let isNew = random.chance(50)
            let code = isNew ? "c\(number)" : random.pick(["c0", "c1"])
            return [
                Self.step(
                    name, "upsert", "visit",
                    ["data": ["code": .string(code), "rank": value(.integer)], "conflict": ["code"]])
            ]
        }
    }

    // MARK: Whole transactions

    /// Several changes of one record whose steps run in another order than they stand in.
    private mutating func reordered() -> [JSONValue] {
        let id = JSONValue.string(random.pick(stations))
        var first = change("a", "update", "station", id)
        if case .object(var object) = first {
            object["depends_on"] = ["c"]
            first = .object(object)
        }
        return [first, change("b", "update", "station", id), change("c", "update", "station", id)]
    }

    /// A parent and children that refer to it, one of them before it.
    private mutating func linked(_ transaction: String) -> [JSONValue] {
        let parent = createStation("p")
        let id = stations[stations.count - 1]
        named.insert(id)
        number += 2
        readings.append(["seq": .integer(Int64(number)), "station": .string(id)])
        readings.append(["seq": .integer(Int64(number - 1)), "station": .string(id)])
        events.append(["$ref": .string("\(transaction)#e.id")])
        return [
            Self.step("e", "create", "event", ["data": ["station": ["$ref": "p.id"], "text": ["$ref": "p.name"]]]),
            parent,
            Self.step(
                "r", "bulk_create", "reading",
                [
                    "rows": [
                        ["station": ["$ref": "p.id"], "seq": .integer(Int64(number)), "value": 1],
                        ["station": ["$ref": "e.station"], "seq": .integer(Int64(number - 1)), "label": null],
                    ]
                ]),
            Self.step(
                "u", "update", "reading",
                ["id": ["station": .string(id), "seq": ["$ref": "r[0].seq"]], "data": ["label": "linked"]]),
            Self.step("i", "increment", "event", ["id": ["$ref": "e.id"], "data": ["level": 1]]),
        ]
    }

    // MARK: Parts

    static func step(
        _ name: String, _ operation: String, _ model: String, _ rest: JSONObjectLiteral
    ) -> JSONValue {
        var object = JSONObject()
        object["step_id"] = .string(name)
        object["operation"] = .string(operation)
        object["model"] = .string(model)
        for (name, value) in rest { object[name] = value }
        return .object(object)
    }

    mutating func change(
        _ name: String, _ operation: String, _ model: String, _ id: JSONValue, without: [String] = []
    ) -> JSONValue {
        Self.step(
            name, operation, model, ["id": id, "data": .object(values(model, percent: 30, without: without))])
    }

    mutating func increment(_ name: String, _ model: String, _ id: JSONValue, _ columns: [String]) -> JSONValue {
        var data = JSONObject()
        for column in columns where random.chance(60) {
            let isInteger = ["visits", "level", "rank"].contains(column)
            data[column] = isInteger ? .integer(Int64(random.integer(-5...5))) : random.pick([1, 0.5, -2.25, 0.1])
        }
        return Self.step(name, "increment", model, ["id": id, "data": .object(data)])
    }

    /// Random values for some columns that are neither key nor reference nor unique.
    mutating func values(_ model: String, percent: Int, without: [String] = []) -> JSONObject {
        var data = JSONObject()
        for column in tables[model]?.columns ?? [] where !column.isGenerated && random.chance(percent) {
            if tables[model]?.primaryKey.contains(column.name) == true || without.contains(column.name) { continue }
            if model == "event" && column.name == "station" { continue }
            if column.name == "code" {
                number += 1
                data["code"] = .string("code-\(number)")
            } else if column.isNullable && random.chance(15) {
                data[column.name] = null
            } else {
                data[column.name] = value(column.type)
            }
        }
        return data
    }

    mutating func value(_ type: ColumnType) -> JSONValue { Values.random(type, using: &random) }

    func merged(_ data: JSONObject, _ key: JSONValue) -> JSONObject {
        var data = data
        for (name, value) in key.object ?? JSONObject() { data[name] = value }
        return data
    }
}

typealias JSONObjectLiteral = KeyValuePairs<String, JSONValue>

/// JSON's null; the library has no nil literal for it.
let null = JSONValue.null
