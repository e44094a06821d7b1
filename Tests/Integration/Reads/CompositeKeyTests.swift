// SPDX-License-Identifier: MIT
import DaemonHarness
import JSON
import Testing

extension Integration {
    @Suite struct CompositeKeyTests {
        private static let schema = """
            CREATE TABLE obs (id INTEGER PRIMARY KEY, level INTEGER);
            CREATE TABLE tag (obs_id INTEGER REFERENCES obs (id), tag TEXT, PRIMARY KEY (obs_id, tag));
            CREATE TABLE choice (user_id TEXT, active BOOLEAN, note TEXT, PRIMARY KEY (user_id, active));
            """

        @Test func `a link to a record whose id the database assigns is read before the commit and after it`() throws {
            let sidecar = try Sidecar.started(schema: Self.schema)
            let client = try sidecar.client()
            try client.pause()
            let receipt = try client.buffer(
                "tx", .create("o", "obs", ["level": 1]),
                .create("t", "tag", ["obs_id": ["$ref": "o.id"], "tag": "t"]))
            let id: JSONValue = ["obs_id": ["$ref": "tx#o.id"], "tag": "t"]
            #expect(receipt["generated_ids"]?["t"] == id)
            let pending = try client.query("tag", ["count": true])
            #expect(pending["records"] == [id] && pending["count"] == 1 && pending["unknown"] == ["obs_id"])
            #expect(try client.get("tag", id)["record"] == id)
            #expect(try client.get("tag", id)["pending"] == ["tx"])

            try client.resume()
            #expect(try client.drain())
            let committed: JSONValue = ["obs_id": 1, "tag": "t"]
            let settled = try client.query("tag", ["count": true])
            #expect(settled["records"] == [committed] && settled["count"] == 1 && settled["unknown"] == [])
            for name in [id, committed] { #expect(try client.get("tag", name)["record"] == committed) }
            #expect(try sidecar.main.rows("SELECT obs_id, tag FROM tag") == [["1", "t"]])

            try client.pause()
            try client.buffer("gone", .delete("d", "tag", id))
            #expect(try client.query("tag")["records"] == [])
            try client.resume()
            #expect(try client.wait("gone")["status"] == "replicated")
            #expect(try sidecar.main.integer("SELECT count(*) FROM tag") == 0)
        }

        @Test func `a boolean in a key is read before the commit and after it`() throws {
            let sidecar = try Sidecar.started(schema: Self.schema)
            let client = try sidecar.client()
            let id: JSONValue = ["user_id": "u", "active": true]
            try client.pause()
            try client.buffer("a", .create("c", "choice", ["user_id": "u", "active": true, "note": "made"]))
            for note in ["made", "changed"] as [JSONValue] {
                let record: JSONValue = ["user_id": "u", "active": true, "note": note]
                #expect(try client.query("choice")["records"] == [record])
                #expect(try client.get("choice", id)["record"] == record)
                try client.resume()
                #expect(try client.drain())
                #expect(try client.get("choice", id)["record"] == record)
                try client.pause()
                try client.buffer("b", .update("u", "choice", id, ["note": "changed"]))
            }
        }
    }
}
