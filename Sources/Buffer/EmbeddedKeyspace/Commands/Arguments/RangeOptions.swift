// SPDX-License-Identifier: MIT
import Keyspace

/// What stands behind the bounds of a range of a sorted set.
struct RangeOptions {
    private(set) var byScore: Bool
    private(set) var reversed: Bool
    private(set) var withScores = false
    private(set) var limit: (offset: Int, count: Int)?

    /// Reads the options to their end. What the command's name has not decided (nil), REV and BYSCORE may, once each.
    init(_ arguments: inout ArgumentReader, byScore: Bool?, reversed: Bool?) throws {
        var (decidedByScore, decidedReversed) = (byScore, reversed)
        while !arguments.isAtEnd {
            if arguments.take("WITHSCORES") {
                withScores = true
            } else if arguments.count >= 3, arguments.take("LIMIT") {
                limit = (try arguments.index(), try arguments.index())
            } else if decidedReversed == nil, arguments.take("REV") {
                decidedReversed = true
            } else if decidedByScore == nil, arguments.take("BYSCORE") {
                decidedByScore = true
            } else {
                throw CommandError.syntax
            }
        }
        self.byScore = decidedByScore ?? false
        self.reversed = decidedReversed ?? false
        // Redis takes a count of -1 for no limit at all.
        guard self.byScore || limit == nil || limit?.count == -1 else {
            throw CommandError.err("syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX")
        }
    }
}
