// SPDX-License-Identifier: MIT
#if Postgres
import DaemonHarness
import JSON
import PostgresServer
import Testing

extension Integration {
    @Suite(.enabled(if: PostgresServer.isAvailable)) struct PostgresCompositeKeyTests {
        private static let schema = """
            CREATE TABLE obs (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, level int);
            CREATE TABLE tag (obs_id bigint REFERENCES obs (id), tag text, note text, PRIMARY KEY (obs_id, tag));
            CREATE TABLE choice (user_id text, active boolean, note text, PRIMARY KEY (user_id, active));
            INSERT INTO choice VALUES ('u', false, 'old');
            """

        @Test func `links and booleans are read while the replica lacks them and when it has them`() throws {
            let scene = try PostgresScene(Self.schema)
            let client = try scene.client()
            try client.pause()
            try client.buffer(
                "tx", .create("o", "obs", ["level": 1]),
                .create("t", "tag", ["obs_id": ["$ref": "o.id"], "tag": "t", "note": "n"]),
                .create("c", "choice", ["user_id": "u", "active": true, "note": "made"]),
                .update("u", "choice", ["user_id": "u", "active": false], ["note": "new"]))
            let reference: JSONValue = ["$ref": "tx#o.id"]
            let id: JSONValue = ["obs_id": reference, "tag": "t"]

            func expect(_ assigned: JSONValue, _ moment: Comment) throws {
                let record: JSONValue = ["obs_id": assigned, "tag": "t", "note": "n"]
                let tags = try client.query("tag", ["count": true])
                #expect(tags["records"] == [record] && tags["count"] == 1, moment)
                #expect(tags["unknown"] == (assigned == reference ? ["obs_id"] : []), moment)
                #expect(try client.get("tag", id)["record"] == record, moment)
                let choices = try client.query("choice")
                #expect(choices["records"]?.array?.map { $0["note"] } == ["new", "made"], moment)
                #expect(choices["unknown"] == [], moment)
                let made = try client.get("choice", ["user_id": "u", "active": true])
                #expect(made["record"]?["note"] == "made", moment)
            }
            try expect(reference, "pending")
            try scene.replica.pauseReplay()
            try client.resume()
            #expect(try client.wait("tx")["status"] == "committed")
            try expect(1, "the replica lacks them")
            try scene.replica.resumeReplay()
            #expect(try client.wait("tx", until: "replicated")["status"] == "replicated")
            try expect(1, "the replica has them")
        }
    }
}
#endif
