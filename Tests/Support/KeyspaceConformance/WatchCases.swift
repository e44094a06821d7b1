// SPDX-License-Identifier: MIT
import Keyspace
import TransactionModel

extension KeyspaceConformance {
    /// What happens between WATCH and EXEC, and whether it aborts.
    private static let watchTable: [(name: String, aborts: Bool, between: @Sendable (Subject) async throws -> Void)] = [
        ("nothing", false, { _ in }),
        ("another key is written", false, { _ = try await $0.command("SET", "other", "1") }),
        ("the key is written", true, { _ = try await $0.command("SET", "watched", "2") }),
        ("the key is written with the same value", true, { _ = try await $0.command("SET", "watched", "1") }),
        ("the key is read", false, { _ = try await $0.command("GET", "watched") }),
        ("the key is deleted", true, { _ = try await $0.command("DEL", "watched") }),
        ("an absent key is deleted", false, { _ = try await $0.command("DEL", "absent") }),
        (
            "an absent key is created and deleted", true,
            {
                _ = try await $0.command("SET", "absent", "1")
                _ = try await $0.command("DEL", "absent")
            }
        ),
        ("a watched transaction is claimed", true, { _ = try await $0.claim(1) }),
        ("another transaction is accepted", false, { try await $0.accept("b") }),
        (
            "a watched record is changed", true,
            { try await $0.accept("c", Subject.step("update", "m", "1", "{\"x\":1}")) }
        ),
    ]

    static let watchCases =
        watchTable.map { row in
            Case("WATCH when \(row.name): \(row.aborts ? "aborts" : "goes through")") { site in
                _ = try await site.command("SET", "watched", "1")
                _ = try await site.command("DEL", "absent", "result")
                try await site.accept("a")
                let connection = try await site.keyspace.connect()
                let record = RecordKey(model: "m", encodedID: "1")
                let keys = ["watched", "absent", site.keys.transaction(Subject.id("a")), site.keys.buffered(record)]
                try await connection.watch(keys.map { Array($0.utf8) })
                try await row.between(site)
                let execution = try await connection.execute([.command(Command("SET", "result", "done"))])
                try expectEqual(execution, row.aborts ? .aborted : .executed([.status("OK")]))
                try expectEqual(try await site.command("EXISTS", "result"), .integer(row.aborts ? 0 : 1))
                // Whatever the outcome, nothing is watched any more.
                _ = try await site.command("SET", "watched", "3")
                try expectEqual(try await connection.execute([.command(Command("PING"))]), .executed([.status("PONG")]))
                await connection.close()
            }
        } + [
            Case("UNWATCH forgets, and a watch belongs to its connection") { site in
                let (first, second) = (try await site.keyspace.connect(), try await site.keyspace.connect())
                let key = Array("watched".utf8)
                try await first.watch([key])
                try await second.watch([key])
                _ = try await site.command("SET", "watched", "changed")
                try await first.unwatch()
                try expectEqual(try await first.execute([]), .executed([]))
                try expectEqual(try await second.execute([]), .aborted)
                await first.close()
                try expect(!first.isAlive)
                await second.close()
            }
        ]
}
