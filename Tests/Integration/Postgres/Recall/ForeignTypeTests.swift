// SPDX-License-Identifier: MIT
#if Postgres
import DaemonHarness
import JSON
import PostgresServer
import Testing

extension Integration {
    @Suite(.enabled(if: PostgresServer.isAvailable)) struct ForeignTypeTests {
        @Test func `a value of a type that only PostgreSQL understands is unknown until PostgreSQL has it`() throws {
            let scene = try PostgresScene("CREATE TABLE pointing (id text PRIMARY KEY, lasts interval, spare interval)")
            let client = try scene.client()
            try scene.replica.pauseReplay()
            try client.buffer("tx", .create("p", "pointing", ["id": "p", "lasts": "90 minutes"]))
            #expect(try client.wait("tx")["status"] == "committed")
            let pending = try client.get("pointing", "p")
            #expect(pending["unknown"] == ["lasts"])
            #expect(pending["record"]?["spare"] == .null)
            try scene.replica.resumeReplay()
            #expect(try client.wait("tx", until: "replicated")["status"] == "replicated")
            let settled = try client.get("pointing", "p")
            #expect(settled["unknown"] == [])
            #expect(settled["record"]?["lasts"] == "01:30:00")
        }
    }
}
#endif
