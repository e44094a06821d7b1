// SPDX-License-Identifier: MIT
import Keyspace

/// `ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]` and its short form ZINCRBY.
enum SortedSetAddCommands {
    static let handlers: [String: CommandHandler] = ["ZADD": zadd, "ZINCRBY": zincrby]

    private struct Options {
        var onlyNew = false
        var onlyPresent = false
        var onlyGreater = false
        var onlyLess = false
        var countsChanges = false
        var increments = false

        init(_ arguments: inout ArgumentReader) {
            while true {
                if arguments.take("NX") {
                    onlyNew = true
                } else if arguments.take("XX") {
                    onlyPresent = true
                } else if arguments.take("GT") {
                    onlyGreater = true
                } else if arguments.take("LT") {
                    onlyLess = true
                } else if arguments.take("CH") {
                    countsChanges = true
                } else if arguments.take("INCR") {
                    increments = true
                } else {
                    return
                }
            }
        }

        func check(pairs: Int) throws(CommandError) {
            if onlyNew, onlyPresent { throw .err("XX and NX options at the same time are not compatible") }
            if onlyGreater && onlyLess || onlyNew && (onlyGreater || onlyLess) {
                throw .err("GT, LT, and/or NX options at the same time are not compatible")
            }
            if increments, pairs > 1 { throw .err("INCR option supports a single increment-element pair") }
        }

        /// The score a member gets; nil: it stays as it is.
        func score(_ given: Double, current: Double?) throws(CommandError) -> Double? {
            guard let current else { return onlyPresent ? nil : given }
            guard !onlyNew else { return nil }
            let score = increments ? current + given : given
            guard !score.isNaN else { throw .scoreNotANumber }
            return onlyLess && score >= current || onlyGreater && score <= current ? nil : score
        }
    }

    @Sendable static func zadd(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let key = try arguments.bytes()
        let options = Options(&arguments)
        guard arguments.count > 0, arguments.count.isMultiple(of: 2) else { throw CommandError.syntax }
        try options.check(pairs: arguments.count / 2)
        var members: [ScoredMember] = []
        while !arguments.isAtEnd {
            let score = try arguments.double()
            members.append(ScoredMember(member: try arguments.bytes(), score: score))
        }
        return try add(members, to: key, options, tables)
    }

    @Sendable static func zincrby(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let key = try arguments.bytes()
        // As in Redis, which reads it as a ZADD: an option in the increment's place leaves too little behind it.
        var options = Options(&arguments)
        guard arguments.count == 2 else { throw CommandError.syntax }
        options.increments = true
        let score = try arguments.double()
        return try add([ScoredMember(member: try arguments.bytes(), score: score)], to: key, options, tables)
    }

    private static func add(
        _ members: [ScoredMember], to key: [UInt8], _ options: Options, _ tables: Tables
    ) throws -> Reply {
        let found = try tables.find(key, as: .sortedSet)
        if found == nil, options.onlyPresent { return options.increments ? .null : .integer(0) }
        let entry = try found ?? tables.create(key, as: .sortedSet)
        var added = 0
        var changed = 0
        var last: Double?
        for member in members {
            let current = try tables.score(of: member.member, in: entry)
            last = try options.score(member.score, current: current)
            guard let score = last, score != current else { continue }
            // + 0 makes a positive zero of a negative one, which SQLite does not keep.
            try tables.setScore(score + 0, of: member.member, in: entry)
            if current == nil { added += 1 } else { changed += 1 }
        }
        if added + changed > 0 { try tables.resized(entry, to: entry.size + added) }
        if options.increments { return last.map { .double($0) } ?? .null }
        return .count(options.countsChanges ? added + changed : added)
    }
}
