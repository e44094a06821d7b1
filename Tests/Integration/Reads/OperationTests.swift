// SPDX-License-Identifier: MIT
import DaemonHarness
import JSON
import Testing

extension Integration {
    @Suite struct OperationTests {
        private static let schema =
            SampleSchema.text + """
                CREATE TABLE visit (
                    night TEXT, telescope_id TEXT, weight DECIMAL(10,3), seen INTEGER NOT NULL DEFAULT 7,
                    at TEXT DEFAULT CURRENT_TIMESTAMP, blob BLOB, PRIMARY KEY (night, telescope_id));
                INSERT INTO visit (night, telescope_id, weight) VALUES ('n1', 't1', 1.5), ('n1', 't2', 2.5);
                INSERT INTO observation VALUES ('o1', 't1', 'stored', 1);
                """

        private static func key(_ night: String, _ telescope: String) -> JSONValue {
            ["night": .string(night), "telescope_id": .string(telescope)]
        }

        private static let unknown = ["observation": ["telescope_id"], "telescope": ["name", "shots"], "visit": []]

        /// The records of an answer without some columns.
        private func without(_ columns: [String], _ records: JSONValue?) -> [JSONValue] {
            (records?.array ?? []).map { record in
                guard var object = record.object else { return record }
                for column in columns { object.remove(column) }
                return .object(object)
            }
        }

        private static let transactions: [[JSONValue]] = [
            [
                ["step_id": "found", "operation": "query", "model": "telescope", "where": ["name": "south"]],
                [
                    "step_id": "none", "operation": "query", "model": "telescope", "where": ["name": "none"],
                    "optional": true,
                ],
                .create("obs", "observation", ["telescope_id": ["$ref": "found.id"], "note": "from a query"]),
            ],
            [
                [
                    "step_id": "many", "operation": "bulk_create", "model": "observation",
                    "rows": [["telescope_id": "t1", "rank": 1], ["id": "given", "telescope_id": "t2", "rank": 2]],
                ],
                .create("next", "observation", ["telescope_id": "t3", "note": ["$ref": "many[0].id"]]),
                [
                    "step_id": "changes", "operation": "bulk_update", "model": "observation",
                    "rows": [["id": "o1", "data": ["rank": 11]], ["id": "given", "data": ["rank": 12]]],
                ],
            ],
            [
                [
                    "step_id": "old", "operation": "upsert", "model": "observation",
                    "data": ["id": "o1", "telescope_id": "t2", "note": "over"],
                ],
                [
                    "step_id": "new", "operation": "upsert", "model": "observation",
                    "data": ["id": "fresh", "telescope_id": "t2", "note": "new"],
                ],
                [
                    "step_id": "unique", "operation": "upsert", "model": "telescope", "conflict": ["name"],
                    "data": ["name": "north", "shots": 4],
                ],
            ],
            [
                .create(
                    "v", "visit",
                    ["night": "n2", "telescope_id": "t1", "weight": 12.125, "blob": ["$bytes": "AAEC/w=="]]),
                .increment("i", "visit", key("n1", "t1"), ["seen": 5]),
                .delete("d", "visit", key("n1", "t2")),
            ],
            // A unique value that one transaction frees and the next one takes.
            [.update("free", "telescope", "t3", ["name": "gone"])],
            [.create("take", "telescope", ["id": "t4", "name": "east"])],
        ]

        @Test func `every operation reads alike before and after it is applied`() throws {
            let sidecar = try Sidecar.started(schema: Self.schema)
            let client = try sidecar.client()
            // Whatever needs the schema has to have seen it once.
            _ = try client.query("visit")
            try client.pause()
            for (index, steps) in Self.transactions.enumerated() {
                let receipt = try client.call(
                    "transaction.buffer", ["transaction": FrameClient.transaction("tx\(index)", steps)])
                #expect(receipt["duplicate"] == false)
            }
            let models = ["observation", "telescope", "visit"]
            let before = try models.map { try client.query($0, ["count": true]) }
            try client.resume()
            for index in Self.transactions.indices {
                let status = try client.wait("tx\(index)")
                #expect(status["status"] == "replicated", "\(status["last_error"]?["message"]?.string ?? "")")
            }
            for (model, answer) in zip(models, before) {
                let after = try client.query(model, ["count": true])
                // What a query step finds and what an upsert meets, only the database can know, and that is said.
                let unknown = answer["unknown"]?.array?.compactMap(\.string) ?? []
                #expect(unknown == Self.unknown[model])
                #expect(without(unknown, answer["records"]) == without(unknown, after["records"]), "\(model)")
                #expect(answer["count"] == after["count"])
            }
            let main = sidecar.main
            #expect(
                try main.rows("SELECT telescope_id, rank, note FROM observation WHERE id = 'o1'") == [
                    ["t2", "11", "over"]
                ])
            #expect(try main.text("SELECT telescope_id FROM observation WHERE note = 'from a query'") == "t2")
            #expect(try main.text("SELECT shots FROM telescope WHERE name = 'north'") == "4")
            #expect(try main.rows("SELECT seen FROM visit ORDER BY night, telescope_id") == [["12"], ["7"]])
            #expect(try main.text("SELECT hex(blob) FROM visit WHERE night = 'n2'") == "000102FF")
            let first = try client.status("tx1")["generated_ids"]?["many"]?.array?.first?.string ?? ""
            #expect(try main.text("SELECT note FROM observation WHERE telescope_id = 't3'") == first)
        }

        @Test func `a transaction that is wrong is refused with the place, and nothing of it is accepted`() throws {
            let sidecar = try Sidecar.started(schema: Self.schema)
            let client = try sidecar.client()
            // Whatever needs the schema has to have seen it once.
            _ = try client.query("visit")
            let good = JSONValue.create("good", "parsed", ["id": "p"])
            let wrong: [(JSONValue, String)] = [
                (.create("s", "nowhere", ["id": "x"]), "steps[1].model"),
                (.create("s", "observation", ["telescope_id": "t1", "rank": "high"]), "steps[1].data.rank"),
                (.create("s", "observation", ["note": "x"]), "steps[1].data.telescope_id"),
                (.create("s", "observation", ["telescope_id": ["$ref": "other.id"]]), "steps[1].data.telescope_id"),
                (.create("good", "parsed", ["id": "q"]), "steps[1].step_id"),
                (.update("s", "visit", "n1", ["seen": 1]), "steps[1].id"),
                (["step_id": "s", "operation": "rename", "model": "parsed"], "steps[1].operation"),
            ]
            for (step, path) in wrong {
                let error = #expect(throws: RemoteError.self) { try client.buffer("tx", good, step) }
                #expect(error?.kind == "validation_failed", "\(path)")
                #expect(error?.path == path)
            }
            #expect(try client.counters()["accepted"] == 0)
            #expect(try client.get("parsed", "p")["record"] == nil)
        }
    }
}
