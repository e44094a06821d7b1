// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import TransactionModel

extension KeyspaceConformance {
    static let commandCases = [
        Case("the keys of the site are read-only, but for the schema and the lease") { site in
            try await site.accept("a")
            let buffer = site.keys.transactionBuffer
            for command in [
                Command("LPUSH", buffer, "x"), Command("DEL", site.keys.transaction(Subject.id("a"))),
                Command("SET", site.keys.prefix + "anything", "x"), Command("RENAME", "ordinary", buffer),
                Command("MSET", "ordinary", "1", site.keys.counters, "2"),
            ] {
                guard case .error(let error) = try await site.one(.command(command)) else {
                    throw ConformanceFailure(description: "\(command.name) was not refused")
                }
                try expectEqual(error.prefix, "NOPERM")
            }
            try expectEqual(try await site.command("GET", "ordinary"), .null)
            for key in [site.keys.schema, site.keys.processorLease] {
                try expectEqual(try await site.command("SET", key, "v"), .status("OK"))
                try expectEqual(try await site.command("GET", key), .bulk(Array("v".utf8)))
            }
        },
        Case("a command of another type is told so, and an absent key reads as one") { site in
            try expectEqual(try await site.command("LLEN", site.keys.transactionBuffer), .integer(0))
            try expectEqual(try await site.command("GET", site.keys.transaction(Subject.id("nobody"))), .null)
            try expectEqual(try await site.command("TYPE", site.keys.transactionRetry), .status("none"))
            try expectEqual(try await site.command("TTL", site.keys.counters), .integer(-2))
            try await site.accept("a")
            guard case .error(let error) = try await site.command("GET", site.keys.transactionBuffer) else {
                throw ConformanceFailure(description: "GET of a list was answered")
            }
            try expectEqual(error.prefix, "WRONGTYPE")
            try expectEqual(
                try await site.command("MGET", site.keys.transactionBuffer, "absent"), .array([.null, .null]))
        },
        Case("replies that hold more than their command says are given up, and what else was asked for is answered") {
            site in
            _ = try await site.command("SET", "k", String(repeating: "x", count: 10_000))
            _ = try await site.command("RPUSH", "l", "a", String(repeating: "y", count: 30_000))
            func limited(_ arguments: any CommandArgument...) -> Operation {
                .command(Command(arguments.map(\.commandBytes), replyBytesMax: 25_000))
            }
            let large = Reply.error(.tooLarge)
            let value = try await site.command("GET", "k")
            try expectEqual(try await site.one(limited("GET", "k")), value)
            try expectEqual(try await site.one(limited("MGET", "k", "k", "k", "none")), large)
            try expectEqual(try await site.one(limited("LRANGE", "l", 0, -1)), large)
            let together = [
                limited("LRANGE", "l", 0, -1), limited("INCR", "n"), limited("GET", "k"),
                limited("MGET", "k", "k", "k"),
                limited("GETSET", "k", "z"), limited("GET", "k"), limited("MGET", "none"),
            ]
            let expected = [
                large, .integer(1), value, large, value, .bulk(Array("z".utf8)), .array([.null]),
            ]
            guard case .executed(let replies) = try await site.keyspace.execute(together) else {
                throw ConformanceFailure(description: "it did not run")
            }
            try expectEqual(replies, expected)
            _ = try await site.command("SET", "k", String(repeating: "x", count: 10_000))
            _ = try await site.command("DEL", "n")
            try expectEqual(try await site.keyspace.perform(together), expected)
            try expectEqual(
                try await site.command("STRLEN", "l"),
                .error(CommandError("WRONGTYPE", "Operation against a key holding the wrong kind of value")))
        },
        Case("an execution is refused as a whole before it runs, and not hindered by an error while it runs") { site in
            let refused = try await site.keyspace.execute([
                .command(Command("SET", "k", "1")), .command(Command("NOSUCHCOMMAND")),
            ])
            guard case .refused(let index, _) = refused else { throw ConformanceFailure(description: "it ran") }
            try expectEqual(index, 1)
            try expectEqual(try await site.command("GET", "k"), .null)
            let execution = try await site.keyspace.execute([
                .command(Command("SET", "k", "text")), .command(Command("INCR", "k")), .command(Command("GET", "k")),
            ])
            guard case .executed(let replies) = execution, replies.count == 3, case .error = replies[1] else {
                throw ConformanceFailure(description: "\(execution)")
            }
            try expectEqual(replies[2], .bulk(Array("text".utf8)))
        },
        Case("operations outside a transaction do not hinder one another") { site in
            let replies = try await site.keyspace.perform([
                .command(Command("SET", "k", "text")), .command(Command("INCR", "k")),
                .command(Command("NOSUCHCOMMAND")),
                .command(Command("GET", "k")),
            ])
            try expectEqual(replies[0], .status("OK"))
            try expectEqual(replies[3], .bulk(Array("text".utf8)))
        },
    ]
}
