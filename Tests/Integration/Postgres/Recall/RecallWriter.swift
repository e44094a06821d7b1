// SPDX-License-Identifier: MIT
#if Postgres
import DaemonHarness
import JSON

/// Makes a random transaction that can't fail, and what the model is after it.
struct RecallWriter {
    private static let itemsMax = 25
    private static let partsMax = 25
    private static let marksMax = 15

    private(set) var model: RecallModel
    let id: String
    private var steps: [JSONValue] = []

    var transaction: JSONValue { FrameClient.transaction(id, steps) }

    init(_ model: RecallModel, using random: inout SeededGenerator) {
        self.model = model
        id = "c\(model.owner)-\(self.model.nextNumber())"
        let count = Int.random(in: 1...4, using: &random)
        while steps.count < count { addStep(using: &random) }
    }

    private mutating func addStep(using random: inout SeededGenerator) {
        switch Int.random(in: 0..<24, using: &random) {
        case 0...2: createItem(using: &random)
        case 3...5: updateItem(using: &random)
        case 6: upsertItem(using: &random)
        case 7, 8: incrementItem(using: &random)
        case 9: createItems(using: &random)
        case 10: updateItems(using: &random)
        case 11, 12: deleteItem(using: &random)
        case 13: lookUp(using: &random)
        case 14: visit(using: &random)
        case 15, 16: createPart(using: &random)
        case 17: createParts(using: &random)
        case 18, 19: changePart(using: &random)
        case 20: createMark(using: &random)
        case 21: deleteMark(using: &random)
        case 22: deletePart(using: &random)
        default: tick(using: &random)
        }
    }

    private var stepName: String { "s\(steps.count)" }

    private mutating func add(_ operation: String, _ model: String, _ members: JSONObject) {
        var step: JSONObject = [
            "step_id": .string(stepName), "operation": .string(operation), "model": .string(model),
        ]
        for (name, value) in members { step[name] = value }
        steps.append(.object(step))
    }

    // MARK: Items

    /// Random values for some columns, written into the item and answered as data.
    private func change(_ item: inout RecallModel.Item, using random: inout SeededGenerator) -> JSONObject {
        var data = JSONObject()
        let columns = RecallColumn.all
        for index in columns.indices.shuffled(using: &random).prefix(.random(in: 1...5, using: &random)) {
            item.ranks[index] = columns[index].random(using: &random)
            data[columns[index].name] = columns[index].json(item.ranks[index])
        }
        return data
    }

    private mutating func newItem(using random: inout SeededGenerator) -> JSONValue {
        // The same number of digits, so that texts order as numbers.
        var id = "c\(model.owner)-\(100_000 + model.nextNumber())"
        if let old = model.gone.randomElement(using: &random), model.items[old] == nil, Bool.random(using: &random) {
            id = old
        }
        var item = RecallModel.Item()
        var data = change(&item, using: &random)
        data["id"] = .string(id)
        data["owner"] = .integer(Int64(model.owner))
        model.items[id] = item
        return .object(data)
    }

    private mutating func createItem(using random: inout SeededGenerator) {
        guard model.items.count < Self.itemsMax else { return deleteItem(using: &random) }
        add("create", "item", ["data": newItem(using: &random)])
    }

    private mutating func createItems(using random: inout SeededGenerator) {
        guard model.items.count < Self.itemsMax else { return deleteItem(using: &random) }
        var rows: [JSONValue] = []
        for _ in 0..<Int.random(in: 1...4, using: &random) { rows.append(newItem(using: &random)) }
        add("bulk_create", "item", ["rows": .array(rows)])
    }

    private func someItem(using random: inout SeededGenerator) -> String? {
        model.items.keys.sorted().randomElement(using: &random)
    }

    private mutating func updateItem(using random: inout SeededGenerator) {
        guard let id = someItem(using: &random), var item = model.items[id] else { return }
        add("update", "item", ["id": .string(id), "data": .object(change(&item, using: &random))])
        model.items[id] = item
    }

    private mutating func updateItems(using random: inout SeededGenerator) {
        var rows: [JSONValue] = []
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            guard let id = someItem(using: &random), var item = model.items[id] else { return }
            rows.append(["id": .string(id), "data": .object(change(&item, using: &random))])
            model.items[id] = item
        }
        add("bulk_update", "item", ["rows": .array(rows)])
    }

    private mutating func upsertItem(using random: inout SeededGenerator) {
        guard let id = someItem(using: &random), var item = model.items[id], Bool.random(using: &random) else {
            add("upsert", "item", ["data": newItem(using: &random)])
            return
        }
        var data = change(&item, using: &random)
        data["id"] = .string(id)
        data["owner"] = .integer(Int64(model.owner))
        model.items[id] = item
        add("upsert", "item", ["data": .object(data)])
    }

    private mutating func incrementItem(using random: inout SeededGenerator) {
        guard let id = someItem(using: &random), var item = model.items[id] else { return }
        var data = JSONObject()
        for (index, column) in RecallColumn.all.enumerated() where column.isCounter && Bool.random(using: &random) {
            let delta = column.present(using: &random)
            data[column.name] = column.json(delta)
            item.ranks[index] = item.ranks[index].map { $0 + delta }
        }
        if data.isEmpty { data["hits"] = 0 }
        model.items[id] = item
        add("increment", "item", ["id": .string(id), "data": .object(data)])
    }

    private mutating func deleteItem(using random: inout SeededGenerator) {
        guard let id = model.freeItems.randomElement(using: &random), model.items.count > 5 else { return }
        model.items[id] = nil
        model.gone = model.gone.suffix(5) + [id]
        add("delete", "item", ["id": .string(id)])
    }

    // MARK: What a query step finds

    private mutating func findVisit(using random: inout SeededGenerator) -> (step: String, index: Int) {
        let (step, index) = (stepName, Int.random(in: 0..<RecallModel.visitCount, using: &random))
        add("query", "visit", ["where": ["code": .string(model.visitCode(index))]])
        return (step, index)
    }

    private mutating func lookUp(using random: inout SeededGenerator) {
        guard let id = someItem(using: &random) else { return }
        let (step, index) = findVisit(using: &random)
        add("update", "item", ["id": .string(id), "data": ["looked_up": ["$ref": .string(step + ".code")]]])
        let code = model.visitCode(index)
        model.items[id]?.lookedUp = code
    }

    /// Changes a visit that is named by what a query step finds, or by a unique column.
    private mutating func visit(using random: inout SeededGenerator) {
        let rank = Int.random(in: 0...99, using: &random)
        let index: Int
        if Bool.random(using: &random) {
            let found = findVisit(using: &random)
            index = found.index
            add(
                "update", "visit",
                ["id": ["$ref": .string(found.step + ".id")], "data": ["rank": .integer(Int64(rank))]])
        } else {
            index = .random(in: 0..<RecallModel.visitCount, using: &random)
            let data: JSONValue = ["code": .string(model.visitCode(index)), "rank": .integer(Int64(rank))]
            add("upsert", "visit", ["data": data, "conflict": ["code"]])
        }
        model.visits[index] = rank
    }

    // MARK: Records with an id of the database's

    private mutating func newPart(_ item: JSONValue, _ name: String, _ reference: String) -> JSONValue {
        let serial = model.nextNumber()
        model.parts[serial] = RecallModel.Part(reference: "\(id)#\(reference).id", item: name, size: serial % 5)
        return [
            "owner": .integer(Int64(model.owner)), "serial": .integer(Int64(serial)), "item_id": item,
            "size": .integer(Int64(serial % 5)),
        ]
    }

    /// Half of them beside the item they name, by a reference to its step.
    private mutating func createPart(using random: inout SeededGenerator) {
        guard model.parts.count < Self.partsMax else { return deletePart(using: &random) }
        guard Bool.random(using: &random), model.items.count < Self.itemsMax else {
            guard let item = someItem(using: &random) else { return }
            add("create", "part", ["data": newPart(.string(item), item, stepName)])
            return
        }
        let step = stepName
        let data = newItem(using: &random)
        add("create", "item", ["data": data])
        guard let item = data["id"]?.string else { return }
        add("create", "part", ["data": newPart(["$ref": .string(step + ".id")], item, stepName)])
    }

    private mutating func createParts(using random: inout SeededGenerator) {
        guard model.parts.count < Self.partsMax else { return deletePart(using: &random) }
        guard let item = someItem(using: &random) else { return }
        var rows: [JSONValue] = []
        for row in 0..<2 { rows.append(newPart(.string(item), item, "\(stepName)[\(row)]")) }
        add("bulk_create", "part", ["rows": .array(rows)])
    }

    private mutating func changePart(using random: inout SeededGenerator) {
        guard let (serial, part) = model.parts.sorted(by: { $0.key < $1.key }).randomElement(using: &random) else {
            return
        }
        let size = Int.random(in: -3...9, using: &random)
        if Bool.random(using: &random) {
            let isNull = Int.random(in: 0..<4, using: &random) == 0
            add("update", "part", ["id": part.name, "data": ["size": isNull ? .null : .integer(Int64(size))]])
            model.parts[serial]?.size = isNull ? nil : size
        } else {
            add("increment", "part", ["id": part.name, "data": ["size": .integer(Int64(size))]])
            model.parts[serial]?.size = part.size.map { $0 + size }
        }
    }

    private mutating func deletePart(using random: inout SeededGenerator) {
        guard let serial = model.freeParts.randomElement(using: &random), let part = model.parts[serial] else { return }
        add("delete", "part", ["id": part.name])
        model.parts[serial] = nil
    }

    private mutating func createMark(using random: inout SeededGenerator) {
        guard model.marks.count < Self.marksMax else { return deleteMark(using: &random) }
        guard let (serial, part) = model.parts.sorted(by: { $0.key < $1.key }).randomElement(using: &random) else {
            return
        }
        let mark = "m\(model.owner)-\(100_000 + model.nextNumber())"
        add(
            "create", "mark",
            ["data": ["id": .string(mark), "owner": .integer(Int64(model.owner)), "part_id": part.name]])
        model.marks[mark] = serial
    }

    private mutating func deleteMark(using random: inout SeededGenerator) {
        guard let mark = model.marks.keys.sorted().randomElement(using: &random) else { return }
        add("delete", "mark", ["id": .string(mark)])
        model.marks[mark] = nil
    }

    // MARK: Shared

    private mutating func tick(using random: inout SeededGenerator) {
        let (index, delta) = (
            Int.random(in: 0..<RecallModel.tickCount, using: &random), Int.random(in: 1...3, using: &random)
        )
        add("increment", "tick", ["id": .string("tick\(index)"), "data": ["value": .integer(Int64(delta))]])
        model.ticks[index] += delta
    }
}
#endif
