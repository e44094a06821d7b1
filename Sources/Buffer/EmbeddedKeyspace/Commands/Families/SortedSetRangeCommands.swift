// SPDX-License-Identifier: MIT
import Keyspace

/// Ranges of sorted sets, by rank or by score.
enum SortedSetRangeCommands {
    static let handlers: [String: CommandHandler] = [
        "ZRANGE": zrange,
        "ZREVRANGE": { tables, arguments in
            let (key, range) = (try arguments.bytes(), try Bounds(&arguments))
            return try byRank(tables, key, range, try RangeOptions(&arguments, byScore: false, reversed: true))
        },
        "ZRANGEBYSCORE": { try legacyByScore($0, &$1, reversed: false) },
        "ZREVRANGEBYSCORE": { try legacyByScore($0, &$1, reversed: true) },
        "ZCOUNT": zcount, "ZREMRANGEBYRANK": zremrangebyrank, "ZREMRANGEBYSCORE": zremrangebyscore,
    ]

    /// The two bounds as they were given; what they mean depends on options behind them.
    private struct Bounds {
        let first: [UInt8]
        let second: [UInt8]

        init(_ arguments: inout ArgumentReader) throws {
            first = try arguments.bytes()
            second = try arguments.bytes()
        }

        func ranks() throws -> IndexRange {
            var reader = ArgumentReader(Command([[], first, second]))
            return try IndexRange(&reader)
        }

        /// `reversed`: the higher bound comes first.
        func scores(reversed: Bool) throws -> ScoreRange {
            try ScoreRange(min: reversed ? second : first, max: reversed ? first : second)
        }
    }

    @Sendable static func zrange(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let (key, bounds) = (try arguments.bytes(), try Bounds(&arguments))
        let options = try RangeOptions(&arguments, byScore: nil, reversed: nil)
        return options.byScore
            ? try byScore(tables, key, bounds, options) : try byRank(tables, key, bounds, options)
    }

    private static func legacyByScore(
        _ tables: Tables, _ arguments: inout ArgumentReader, reversed: Bool
    ) throws -> Reply {
        let (key, bounds) = (try arguments.bytes(), try Bounds(&arguments))
        return try byScore(tables, key, bounds, try RangeOptions(&arguments, byScore: true, reversed: reversed))
    }

    private static func byRank(
        _ tables: Tables, _ key: [UInt8], _ bounds: Bounds, _ options: RangeOptions
    ) throws -> Reply {
        let range = try bounds.ranks()
        guard let entry = try tables.find(key, as: .sortedSet), let ranks = range.resolved(in: entry.size) else {
            return .emptyArray
        }
        return .scored(
            try tables.scored(in: entry, ranks: ranks, reversed: options.reversed), withScores: options.withScores)
    }

    private static func byScore(
        _ tables: Tables, _ key: [UInt8], _ bounds: Bounds, _ options: RangeOptions
    ) throws -> Reply {
        let scores = try bounds.scores(reversed: options.reversed)
        let limit = options.limit ?? (0, -1)
        // A negative offset skips everything, a negative count takes everything.
        guard let entry = try tables.find(key, as: .sortedSet), limit.offset >= 0 else { return .emptyArray }
        let members = try tables.scored(
            in: entry, scores: scores, reversed: options.reversed, offset: limit.offset, limit: max(-1, limit.count))
        return .scored(members, withScores: options.withScores)
    }

    @Sendable static func zcount(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let key = try arguments.bytes()
        let scores = try Bounds(&arguments).scores(reversed: false)
        guard let entry = try tables.find(key, as: .sortedSet) else { return .integer(0) }
        return .count(try tables.count(in: entry, scores: scores))
    }

    @Sendable static func zremrangebyrank(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let key = try arguments.bytes()
        let range = try IndexRange(&arguments)
        guard let entry = try tables.find(key, as: .sortedSet), let ranks = range.resolved(in: entry.size) else {
            return .integer(0)
        }
        let members = try tables.scored(in: entry, ranks: ranks, reversed: false)
        try SortedSetCommands.remove(members, from: entry, tables)
        return .count(members.count)
    }

    @Sendable static func zremrangebyscore(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let key = try arguments.bytes()
        let scores = try Bounds(&arguments).scores(reversed: false)
        guard let entry = try tables.find(key, as: .sortedSet) else { return .integer(0) }
        let members = try tables.scored(in: entry, scores: scores, reversed: false)
        try SortedSetCommands.remove(members, from: entry, tables)
        return .count(members.count)
    }
}

extension ScoreRange {
    /// Bounds as Redis writes them: `5`, `(5`, `-inf`.
    init(min: [UInt8], max: [UInt8]) throws(CommandError) {
        let (low, high) = (try Self.bound(min), try Self.bound(max))
        let isEmpty = low.isExclusive && low.score == .infinity || high.isExclusive && high.score == -.infinity
        lower = isEmpty ? .infinity : low.isExclusive ? low.score.nextUp : low.score
        upper = isEmpty ? -.infinity : high.isExclusive ? high.score.nextDown : high.score
    }

    private static func bound(_ text: [UInt8]) throws(CommandError) -> (score: Double, isExclusive: Bool) {
        let isExclusive = text.first == UInt8(ascii: "(")
        guard let score = Double(redisBound: text.dropFirst(isExclusive ? 1 : 0)) else { throw .notARange }
        return (score, isExclusive)
    }
}
