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
