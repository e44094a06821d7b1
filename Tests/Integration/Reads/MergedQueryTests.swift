// SPDX-License-Identifier: MIT
import DaemonHarness
import JSON
import Testing

extension Integration {
    @Suite struct MergedQueryTests {
        private static let schema =
            SampleSchema.text
            + (0..<10).map { "INSERT INTO observation VALUES ('o\($0)', 't1', 'stored', \($0 * 10));" }.joined()

        private static let queries: [JSONObject] = [
            ["order_by": ["rank"]], ["order_by": ["-rank"], "limit": 4],
            ["order_by": ["note", "-rank"], "limit": 3, "offset": 2],
            ["where": ["rank": ["gte": 30, "lt": 75]], "order_by": ["rank"], "count": true],
            [
                "where": ["$or": [["note": "moved"], ["rank": ["null": true]]]], "order_by": ["-note", "rank"],
                "count": true,
            ],
            ["where": ["telescope_id": ["in": ["t2", "t3"]]], "count": true],
            ["where": ["note": ["ne": "stored"]], "limit": 2, "offset": 1, "count": true],
            ["limit": 5, "offset": 8, "count": true],
        ]

        @Test func `what a query answers before the drain is what it answers afterwards`() throws {
            let sidecar = try Sidecar.started(schema: Self.schema)
            let client = try sidecar.client()
            try client.pause()
            try client.buffer(
                "tx1", .delete("a", "observation", "o3"),
                .update("b", "observation", "o1", ["rank": 55, "note": "moved"]),
                .update("c", "observation", "o5", ["rank": .null]), .increment("d", "observation", "o7", ["rank": 3]))
            try client.buffer(
                "tx2", .create("a", "observation", ["id": "o33", "telescope_id": "t2", "note": "new", "rank": 33]),
                .create("b", "observation", ["id": "p1", "telescope_id": "t3"]), .delete("c", "observation", "o9"))
            let before = try Self.queries.map { try client.query("observation", $0) }
            #expect(before[2]["pending_count"]?.int64 ?? 0 > 0)
            try client.resume()
            #expect(try client.wait("tx2")["status"] == "replicated")
            for (query, answer) in zip(Self.queries, before) {
                let after = try client.query("observation", query)
                #expect(
                    answer["records"] == after["records"],
                    "\(String(decoding: JSONValue.object(query).bytes, as: UTF8.self))")
                #expect(answer["count"] == after["count"])
                #expect(after["pending_count"] == 0)
            }
            // And it is what the database holds.
            let ids = try sidecar.main.rows(
                "SELECT id FROM observation WHERE rank >= 30 AND rank < 75 ORDER BY rank, id"
            ).map { $0[0] }
            #expect(before[3]["records"]?.array?.compactMap { $0["id"]?.string } == ids)
            #expect(before[3]["count"]?.int64 == Int64(ids.count))
        }
    }
}
