// SPDX-License-Identifier: MIT
import JSON
import SeededRandom

/// Records whose composite keys name events, also those whose ids the database will assign.
extension World {
    /// An event and its tags, one of which the transaction changes again.
    mutating func tagged(_ transaction: String) -> [JSONValue] {
        let event: JSONValue = ["$ref": .string("\(transaction)#e.id")]
        events.append(event)
        var steps = [
            Self.step("e", "create", "event", ["data": .object(values("event", percent: 30, without: ["looked_up"]))])
        ]
        for (index, name) in ["b", "a,c", "%:"].shuffled(using: &random).prefix(random.integer(1...3)).enumerated() {
            let own: JSONValue = ["event": ["$ref": "e.id"], "name": .string(name)]
            steps.append(
                Self.step("t\(index)", "create", "tag", ["data": .object(merged(values("tag", percent: 60), own))]))
            tags.append(["event": event, "name": .string(name)])
        }
        if random.chance(50) { steps.append(change("u", "update", "tag", tags[tags.count - 1])) }
        return steps
    }

    /// A tag of an event whose id is known.
    mutating func createTag(_ name: String) -> JSONValue {
        number += 1
        let key: JSONValue = ["event": random.pick([1, 2]), "name": .string("n\(number)")]
        tags.append(key)
        return Self.step(name, "create", "tag", ["data": .object(merged(values("tag", percent: 60), key))])
    }

    mutating func changeTag(_ name: String) -> [JSONValue] {
        let key = random.pick(tags)
        switch random.integer(1...5) {
        case 1, 2: return [change(name, "update", "tag", key)]
        case 3: return [increment(name, "tag", key, ["rank"])]
        case 4:
            return [Self.step(name, "upsert", "tag", ["data": .object(merged(values("tag", percent: 50), key))])]
        default:
            guard tags.count > 3 else { return [createTag(name)] }
            tags.removeAll { $0 == key }
            return [Self.step(name, "delete", "tag", ["id": key])]
        }
    }
}
