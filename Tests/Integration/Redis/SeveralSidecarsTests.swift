// SPDX-License-Identifier: MIT
import DaemonHarness
import Foundation
import JSON
import RedisServer
import Testing

extension Integration {
    /// Several sidecars of one site on one Redis: all accept, one applies.
    @Suite(.enabled(if: RedisServer.program != nil)) struct SeveralSidecarsTests {
        let server: RedisServer
        let first: Sidecar
        let second: Sidecar

        init() throws {
            server = try RedisServer("--appendonly", "yes", "--appendfsync", "always")
            first = try Sidecar(schema: TortureAccount.schema, settings: ["keyspace.url": server.url])
            second = try Sidecar(settings: ["keyspace.url": server.url, "main.url": "sqlite:" + first.mainPath])
            try first.start()
            try second.start()
        }

        private func state(_ sidecar: Sidecar) throws -> String? {
            try sidecar.client().call("processor.status")["state"]?.string
        }

        @Test func `one applies for both; when it stops, the other goes on`() throws {
            try eventually { try Set([state(first), state(second)]) == ["running", "standby"] }
            let (holder, other) = try state(first) == "running" ? (first, second) : (second, first)
            for (index, sidecar) in [holder, other].enumerated() {
                try sidecar.client().buffer("tx\(index)", .increment("s", "shared", "r0", ["applied": 1]))
                #expect(try sidecar.client().wait("tx\(index)")["status"] == "replicated")
            }
            #expect(holder.stop() == .code(0))
            try other.client().buffer("after", .increment("s", "shared", "r0", ["applied": 1]))
            #expect(try other.client().wait("after")["status"] == "replicated")
            #expect(try state(other) == "running")
            #expect(try first.main.integer("SELECT applied FROM shared WHERE id = 'r0'") == 3)
        }

        @Test func `one that loses its way to the main database leaves it to the other`() throws {
            #expect(second.stop() == .code(0))
            let way = second.mainPath + ".way"
            let folder = URL(filePath: first.mainPath).deletingLastPathComponent().path
            try FileManager.default.createSymbolicLink(atPath: way, withDestinationPath: folder)
            let name = URL(filePath: first.mainPath).lastPathComponent
            try second.launch(["main.url": "sqlite:\(way)/\(name)"])
            try second.waitUntilReady()
            #expect(first.stop() == .code(0))
            try eventually { try state(second) == "running" }
            try second.client().buffer("with", .increment("s", "shared", "r0", ["applied": 1]))
            #expect(try second.client().wait("with")["status"] == "replicated")
            try first.start()
            try FileManager.default.removeItem(atPath: way)
            try first.client().buffer("without", .increment("s", "shared", "r0", ["applied": 1]))
            #expect(try first.client().wait("without", timeoutMS: 40_000)["status"] == "replicated")
            #expect(try first.main.integer("SELECT applied FROM shared WHERE id = 'r0'") == 2)
        }

        @Test func `the holder is killed under load, and nothing is lost or doubled`() throws {
            let seed = Effort.seed
            print("several sidecars: seed \(seed) (SLUICE_SEED repeats it)")
            let gate = TortureGate(writers: 2)
            let writers = (0..<2).map {
                TortureWriter(index: $0, isCareful: true, seed: seed, restMicroseconds: 2000)
            }
            let paths = [first.socketPath, second.socketPath]
            let crew = Threads.start(2) { try writers[$0].run(gate, paths[$0]) }
            gate.open()
            for round in 0..<Effort.count(short: 2, full: 20) {
                gate.wait(forAcknowledgements: 200)
                let holder = try state(first) == "running" ? first : second
                holder.kill()
                try holder.start()
                gate.open()
                // Far longer than the lease lives only when something hangs.
                let client = try FrameClient(holder.socketPath, timeoutSeconds: 60)
                try client.buffer("mark-\(round)", .increment("s", "shared", "r3", ["applied": 0]))
                #expect(
                    try client.wait("mark-\(round)", until: "replicated", timeoutMS: 50_000)["status"] == "replicated")
            }
            gate.finish()
            try crew.join()
            let client = try FrameClient(first.socketPath, timeoutSeconds: 60)
            #expect(try client.drain(timeoutMS: 50_000))
            let account = try TortureAccount(first.main)
            let applied = Set(account.ledger)
            let lost = writers.flatMap(\.acknowledged.keys).filter { !applied.contains($0) }
            #expect(lost.isEmpty, "acknowledged and lost: \(lost.prefix(5))")
            #expect(applied.count == account.ledger.count)
            #expect(account.history.count == Set(account.history.map(\.tx)).count)
            #expect(try client.counters()["conserved"] == true)
            print("several sidecars: \(applied.count) applied")
        }
    }
}
