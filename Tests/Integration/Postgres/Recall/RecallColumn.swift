// SPDX-License-Identifier: MIT
#if Postgres
import DaemonHarness
import JSON

/// A column of the property's items. A value is known by its rank in the order that PostgreSQL has for it, so that the
/// test compares integers, whatever the column holds.
struct RecallColumn {
    enum Kind {
        case integer
        /// numeric(8, 2); the rank is in hundredths.
        case cents
        case boolean
        /// One of these, in the database's order.
        case labels([String])
    }

    var name: String
    var kind: Kind
    /// What a create that leaves it out writes.
    var defaultRank: Int?
    var isNullable = true
    var isCounter: Bool { name == "rank" || name == "score" || name == "hits" }

    static let all = [
        RecallColumn(name: "rank", kind: .integer),
        RecallColumn(name: "title", kind: .labels(["", "10", "9", "B", "a", "a b", "b", "it's", "z", "é", "😀"])),
        RecallColumn(name: "score", kind: .cents),
        RecallColumn(name: "mood", kind: .labels(["off", "calm", "busy"]), defaultRank: 1, isNullable: false),
        RecallColumn(name: "flag", kind: .boolean),
        RecallColumn(
            name: "seen",
            kind: .labels([
                "1969-12-31T23:59:59.000000Z", "2026-01-02T01:04:05.000000Z", "2026-01-02T03:04:05.250000Z",
            ])),
        RecallColumn(
            name: "tag",
            kind: .labels([
                "00000000-0000-0000-0000-000000000000", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
                "b0000000-0000-0000-0000-000000000001",
            ])),
        RecallColumn(name: "hits", kind: .integer, defaultRank: 0, isNullable: false),
    ]

    /// As the sidecar answers it, and as psql makes JSON of it.
    func json(_ rank: Int?) -> JSONValue {
        guard let rank else { return .null }
        switch kind {
        case .integer: return .integer(Int64(rank))
        case .cents:
            let (whole, rest) = rank.magnitude.quotientAndRemainder(dividingBy: 100)
            let text = "\(rank < 0 ? "-" : "")\(whole).\(rest < 10 ? "0" : "")\(rest)"
            return JSONNumber(text: text).map { .number($0) } ?? .null
        case .boolean: return .bool(rank == 1)
        case .labels(let labels): return .string(labels[rank])
        }
    }

    /// Few different values, so that they meet in conditions and orders.
    func random(using random: inout SeededGenerator) -> Int? {
        if isNullable && Int.random(in: 0..<6, using: &random) == 0 { return nil }
        return present(using: &random)
    }

    func present(using random: inout SeededGenerator) -> Int {
        switch kind {
        case .integer: .random(in: -2...6, using: &random)
        case .cents: .random(in: -3...5, using: &random) * 50
        case .boolean: .random(in: 0...1, using: &random)
        case .labels(let labels): .random(in: labels.indices, using: &random)
        }
    }
}
#endif
