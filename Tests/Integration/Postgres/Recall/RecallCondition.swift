// SPDX-License-Identifier: MIT
#if Postgres
import DaemonHarness
import JSON

/// A random `where` on items, and the same as a function of ranks with SQL's three truth values.
struct RecallCondition {
    let json: JSONValue
    let truth: @Sendable ([Int?]) -> Bool?

    static func random(depth: Int, using random: inout SeededGenerator) -> RecallCondition {
        guard depth > 0, Int.random(in: 0..<5, using: &random) < 2 else { return term(using: &random) }
        let isAnd = Bool.random(using: &random)
        var parts: [RecallCondition] = []
        for _ in 0..<Int.random(in: 0...3, using: &random) { parts.append(.random(depth: depth - 1, using: &random)) }
        let truths = parts.map(\.truth)
        return RecallCondition(json: [isAnd ? "$and" : "$or": .array(parts.map(\.json))]) { ranks in
            let values = truths.map { $0(ranks) }
            if values.contains(!isAnd) { return !isAnd }
            return values.contains(nil) ? nil : isAnd
        }
    }

    private static func term(using random: inout SeededGenerator) -> RecallCondition {
        let index = Int.random(in: RecallColumn.all.indices, using: &random)
        let column = RecallColumn.all[index]
        let rank = column.present(using: &random)
        func made(_ json: JSONValue, _ holds: @escaping @Sendable (Int) -> Bool) -> RecallCondition {
            RecallCondition(json: [column.name: json]) { ranks in ranks[index].map(holds) }
        }
        switch Int.random(in: 0..<10, using: &random) {
        case 0:
            let wanted = Bool.random(using: &random)
            return RecallCondition(json: [column.name: ["null": .bool(wanted)]]) { ($0[index] == nil) == wanted }
        case 1: return RecallCondition(json: [column.name: .null]) { $0[index] == nil }
        case 2: return made(column.json(rank)) { $0 == rank }
        case 3:
            var list = [rank]
            for _ in 0..<Int.random(in: 0...3, using: &random) { list.append(column.present(using: &random)) }
            return made(["in": .array(list.map { column.json($0) })]) { [list] in list.contains($0) }
        case 4:
            let other = column.present(using: &random)
            return made(["gte": column.json(min(rank, other)), "lt": column.json(max(rank, other))]) {
                $0 >= min(rank, other) && $0 < max(rank, other)
            }
        default:
            let (word, holds) = comparisons[Int.random(in: comparisons.indices, using: &random)]
            return made([word: column.json(rank)]) { holds($0, rank) }
        }
    }

    private static let comparisons: [(String, @Sendable (Int, Int) -> Bool)] = [
        ("eq", { $0 == $1 }), ("ne", { $0 != $1 }), ("lt", { $0 < $1 }), ("lte", { $0 <= $1 }), ("gt", { $0 > $1 }),
        ("gte", { $0 >= $1 }),
    ]
}

#endif
