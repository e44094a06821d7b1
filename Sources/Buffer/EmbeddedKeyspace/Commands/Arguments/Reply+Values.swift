// SPDX-License-Identifier: MIT
import Keyspace

extension Reply {
    static let ok = Reply.status("OK")
    static let emptyArray = Reply.array([])

    static func bool(_ value: Bool) -> Reply { .integer(value ? 1 : 0) }

    static func count(_ value: Int) -> Reply { .integer(Int64(value)) }

    static func double(_ value: Double) -> Reply { .bulk(value.redisText) }

    /// A bulk string, or null.
    static func optional(_ value: [UInt8]?) -> Reply { value.map { .bulk($0) } ?? .null }

    static func bulks(_ values: some Sequence<[UInt8]>) -> Reply { .array(values.map { .bulk($0) }) }

    /// Members, each followed by its score if wanted.
    static func scored(_ members: [ScoredMember], withScores: Bool) -> Reply {
        .array(members.flatMap { withScores ? [.bulk($0.member), .double($0.score)] : [.bulk($0.member)] })
    }
}
