// SPDX-License-Identifier: MIT
#if Postgres
import DaemonHarness
import Foundation
import JSON
import PostgresServer
import Testing

extension Integration {
    /// Over random transactions, random replica lag, and crashes of daemon, PostgreSQL and keyspace.
    @Suite(.enabled(if: PostgresServer.isAvailable)) struct RecallPropertyTests {
        private static let clients = 8
        private static let reads = Effort.count(short: 5_000, full: 100_000)

        @Test func `at every moment each client reads what it wrote, and no read goes back`() throws {
            let seed = Effort.seed
            print("recall property: seed \(seed) (SLUICE_SEED repeats it)")
            let scene = try PostgresScene(RecallModel.schema)
            let gate = RecallGate(goal: Self.reads)
            let path = scene.sidecar.socketPath
            let clients = (0..<Self.clients).map { RecallClient(owner: $0, seed: seed, gate, path: path) }
            let start = ContinuousClock.now
            let crew = Threads.start(Self.clients) { try clients[$0].run() }

            // Also when this thread fails, nobody waits for a daemon that is gone.
            defer { gate.end() }

            var chaos = RecallChaos(scene, seed: seed)
            var random = SeededGenerator(seed: seed)
            while gate.isOpen {
                gate.wait(forReads: .random(in: 100...1_500, using: &random), seconds: 3)
                if gate.isOpen { try chaos.strike(after: gate.reads) }
            }
            try chaos.calm()
            if gate.hasEnded { print("recall property: \(chaos.story.suffix(40).joined(separator: " "))") }
            try crew.join()
            let read = ContinuousClock.now

            let client = try scene.client()
            #expect(try client.drain(timeoutMS: 55_000))
            for transaction in clients.compactMap(\.lastTransaction) {
                try client.wait(transaction, until: "replicated", timeoutMS: 50_000)
            }
            try eventually {
                try client.call("transaction.list", ["status": "committed"])["transactions"]?.array?.isEmpty == true
            }
            #expect(try client.call("transaction.list", ["status": "dead_letter"])["transactions"] == [])
            #expect(try client.counters()["conserved"] == true)
            try RecallAccount(server: scene.primary).expectSame(as: clients.map(\.model), client)
            print(
                "recall property: \(gate.reads) checked reads in \(read - start), drained in",
                "\(ContinuousClock.now - read); struck: \(chaos.description); unanswered: \(gate.unanswered)")
            #expect(gate.reads >= Self.reads)
        }
    }
}
#endif
