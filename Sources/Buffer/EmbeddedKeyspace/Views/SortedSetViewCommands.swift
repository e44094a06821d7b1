// SPDX-License-Identifier: MIT
import Keyspace
import SQLiteConnection

/// Reading commands on a view that is a sorted set; nil for a command of another type.
enum SortedSetViewCommands {
    static func run(_ name: String, _ arguments: inout ArgumentReader, _ view: any SortedSetView) throws -> Reply? {
        switch name {
        case "ZCARD": return .count(try view.count())
        case "ZSCORE": return try view.score(of: try arguments.bytes()).map { .double($0) } ?? .null
        case "ZMSCORE":
            return .array(
                try arguments.rest().map { member in try view.score(of: member).map { .double($0) } ?? .null })
        case "ZRANK": return try view.rank(of: try arguments.bytes()).map { .count($0) } ?? .null
        case "ZREVRANK":
            return try view.rank(of: try arguments.bytes()).map { .count(try view.count() - 1 - $0) } ?? .null
        case "ZCOUNT":
            return .count(try view.count(in: try ScoreRange(min: try arguments.bytes(), max: try arguments.bytes())))
        case "ZRANGE": return try range(&arguments, view, byScore: nil, reversed: nil)
        case "ZREVRANGE": return try range(&arguments, view, byScore: false, reversed: true)
        case "ZRANGEBYSCORE": return try range(&arguments, view, byScore: true, reversed: false)
        case "ZREVRANGEBYSCORE": return try range(&arguments, view, byScore: true, reversed: true)
        case "ZSCAN":
            return try ViewScan.run(&arguments) { offset, limit in
                try view.members(in: nil, reversed: false, offset: offset, limit: limit).map {
                    ($0.member, [.bulk($0.member), .double($0.score)])
                }
            }
        default: return nil
        }
    }

    private static func range(
        _ arguments: inout ArgumentReader, _ view: any SortedSetView, byScore isByScore: Bool?, reversed: Bool?
    ) throws -> Reply {
        let (first, second) = (try arguments.bytes(), try arguments.bytes())
        let options = try RangeOptions(&arguments, byScore: isByScore, reversed: reversed)
        let members =
            options.byScore
            ? try byScore(view, first, second, options) : try byRank(view, first, second, options)
        return .scored(members, withScores: options.withScores)
    }

    private static func byRank(
        _ view: any SortedSetView, _ first: [UInt8], _ second: [UInt8], _ options: RangeOptions
    ) throws -> [ScoredMember] {
        var bounds = ArgumentReader(Command([[], first, second]))
        guard let ranks = try IndexRange(&bounds).resolved(in: try view.count()) else { return [] }
        try ViewLimits.check(ranks.count)
        return try view.members(in: nil, reversed: options.reversed, offset: ranks.lowerBound, limit: ranks.count)
    }

    private static func byScore(
        _ view: any SortedSetView, _ first: [UInt8], _ second: [UInt8], _ options: RangeOptions
    ) throws -> [ScoredMember] {
        let scores = try options.reversed ? ScoreRange(min: second, max: first) : ScoreRange(min: first, max: second)
        let (offset, count) = options.limit ?? (0, -1)
        guard offset >= 0, count != 0 else { return [] }
        let total = try view.count(in: scores)
        let limit = max(0, min(total - offset, count < 0 ? .max : count))
        try ViewLimits.check(limit)
        return try view.members(in: scores, reversed: options.reversed, offset: offset, limit: limit)
    }
}
