// SPDX-License-Identifier: MIT
import JSON
import SmartQueries
import Testing
import TransactionBuffering
import TransactionModel

/// Reads of an overlay that takes several pages.
@Suite struct PagedOverlayTests {
    private static func upsert(_ number: Int, _ bytes: Int) -> JSONValue {
        [
            "steps": [
                [
                    "step_id": "s", "operation": "upsert", "model": "u", "conflict": ["mail"],
                    "data": [
                        "id": .string("k\(number)"), "mail": .string("\(number)"),
                        "state": .string(String(repeating: "x", count: bytes)),
                    ],
                ]
            ]
        ]
    }

    @Test func `changes of records that can't be named don't hide a record's own`() async throws {
        let pipeline = try await Pipeline(
            schema: """
                CREATE TABLE u (id TEXT PRIMARY KEY, mail TEXT UNIQUE, state TEXT, n INTEGER);
                INSERT INTO u VALUES ('abc', 'a', 'idle', 1);
                """)
        for number in 0..<3 { try await pipeline.buffer(Self.upsert(number, ReadBufferManager.pageBytesMax * 2 / 5)) }
        try await pipeline.buffer([
            "steps": [["step_id": "u", "operation": "update", "model": "u", "id": "abc", "data": ["n": 2]]]
        ])
        try await pipeline.buffer([
            "steps": [["step_id": "c", "operation": "create", "model": "u", "data": ["id": "made", "n": 3]]]
        ])
        let changed = try await pipeline.queries.get(model: "u", id: try view("abc"))
        #expect(changed.record?["n"] == 2 && changed.pending.count == 4)
        let made = try await pipeline.queries.get(model: "u", id: try view("made"))
        #expect(made.record?["n"] == 3 && made.unknown == ["id", "mail", "state"])
        await pipeline.close()
    }

    /// Each transaction moves 1 from `a` to `z`; there is more than a page between the two.
    @Test func `nobody sees half a transaction`() async throws {
        let pipeline = try await Pipeline(
            schema: """
                CREATE TABLE u (id TEXT PRIMARY KEY, n INTEGER, state TEXT);
                INSERT INTO u VALUES ('a', 0, ''), ('z', 0, '');
                """)
        for number in 0..<3 {
            let state = String(repeating: "x", count: ReadBufferManager.pageBytesMax * 2 / 5)
            try await pipeline.buffer([
                "steps": [
                    [
                        "step_id": "s", "operation": "create", "model": "u",
                        "data": ["id": .string("m\(number)"), "state": .string(state)],
                    ]
                ]
            ])
        }
        let writer = Task {
            while !Task.isCancelled {
                try await pipeline.buffer([
                    "steps": [
                        ["step_id": "x", "operation": "increment", "model": "u", "id": "a", "data": ["n": -1]],
                        ["step_id": "y", "operation": "increment", "model": "u", "id": "z", "data": ["n": 1]],
                    ]
                ])
            }
        }
        var query = RecordQuery(model: "u")
        query.condition = try view(["id": ["in": ["a", "z"]]])
        var latest: Int64 = 0
        for _ in 0..<12 {
            let sums = try await pipeline.queries.query(query).records.compactMap { $0["n"]?.number?.int64 }
            #expect(sums.count == 2 && sums.reduce(0, +) == 0)
            latest = max(latest, sums.last ?? 0)
        }
        #expect(latest > 0, "the writer wrote nothing")
        writer.cancel()
        _ = await writer.result
        await pipeline.close()
    }
}
