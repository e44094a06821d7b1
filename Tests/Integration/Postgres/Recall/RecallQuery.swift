// SPDX-License-Identifier: MIT
#if Postgres
import DaemonHarness
import JSON

/// A random query of a client's own items: condition, order by several columns, limit, offset, count.
struct RecallQuery {
    private let condition: RecallCondition?
    private let order: [(column: Int, isDescending: Bool)]
    private let limit: Int
    private let offset: Int

    init(using random: inout SeededGenerator) {
        condition = Int.random(in: 0..<4, using: &random) > 0 ? .random(depth: 2, using: &random) : nil
        var order: [(column: Int, isDescending: Bool)] = []
        let columns = RecallColumn.all.indices.shuffled(using: &random)
        for column in columns.prefix(.random(in: 0...3, using: &random)) {
            order.append((column, Bool.random(using: &random)))
        }
        self.order = order
        limit = [1, 3, 10, 1000].randomElement(using: &random) ?? 1
        offset = [0, 0, 1, 5].randomElement(using: &random) ?? 0
    }

    func members(owner: Int) -> JSONObject {
        let own: JSONValue = ["owner": .integer(Int64(owner))]
        let terms = order.map { JSONValue.string(($0.isDescending ? "-" : "") + RecallColumn.all[$0.column].name) }
        return [
            "where": condition.map { ["$and": [own, $0.json]] } ?? own, "order_by": .array(terms),
            "limit": .integer(Int64(limit)), "offset": .integer(Int64(offset)), "count": true,
        ]
    }

    /// The ids that the model says, in order, and how many match.
    func answer(_ model: RecallModel) -> (ids: [String], count: Int) {
        let matching = model.items.filter { _, item in condition.map { $0.truth(item.ranks) == true } ?? true }
        let sorted = matching.sorted { a, b in
            for term in order {
                let (x, y) = (a.value.ranks[term.column], b.value.ranks[term.column])
                // NULL is greatest.
                if x != y { return ((x ?? .max) < (y ?? .max)) != term.isDescending }
            }
            return a.key < b.key
        }
        return (sorted.dropFirst(offset).prefix(limit).map(\.key), sorted.count)
    }
}
#endif
