// SPDX-License-Identifier: MIT
import DaemonHarness
import JSON
import Testing

extension Integration {
    @Suite struct CrashSuspectTests {
        /// Takes so long to apply that a kill meets it.
        private static let slow = """
            CREATE TABLE slow (id TEXT PRIMARY KEY);
            CREATE TRIGGER slow_insert BEFORE INSERT ON slow BEGIN
                SELECT count(*) FROM (WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 100000000)
                    SELECT n FROM c);
            END;
            """

        @Test func `crashes while a batch is applied are not blamed on those who were only near`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text + Self.slow)
            let client = try sidecar.client()
            try client.pause()
            try client.buffer("slow", .create("s", "slow", ["id": "s1"]))
            for number in 0..<20 {
                try client.buffer("near\(number)", .create("s", "parsed", ["id": .string("n\(number)")]))
            }
            try client.resume()
            for kill in 0..<5 {
                let client = try sidecar.client()
                var looks = 0
                while try client.counters()["processing"] == 0 && looks < 200_000 { looks += 1 }
                let dead = try client.counters()["dead_letter"]?.int64 ?? 0
                #expect(dead <= 1, "after \(kill) kills")
                sidecar.kill()
                if kill == 4 { try sidecar.main.rows("DROP TRIGGER slow_insert") }
                try sidecar.start()
            }
            let last = try sidecar.client()
            #expect(try last.drain())
            for number in 0..<20 {
                let status = try last.status("near\(number)")
                #expect(status["status"] == "replicated", "\(status["last_error"]?["code"]?.string ?? "")")
            }
            #expect(try sidecar.main.integer("SELECT count(*) FROM parsed") == 20)
        }
    }
}
