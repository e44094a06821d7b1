// SPDX-License-Identifier: MIT
import DaemonHarness
import Foundation
import JSON
import RedisServer
import Testing

extension Integration {
    @Suite struct CrashTortureTests {
        private static let kills = Effort.count(short: 8, full: 200)
        private static let writers = 4

        @Test func `killed at any moment under load, everything acknowledged is applied once, whole and in order`()
            throws
        {
            let seed = Effort.seed
            print("torture: seed \(seed) (SLUICE_SEED repeats it)")
            var random = SeededGenerator(seed: seed)
            let sidecar = try Sidecar(schema: TortureAccount.schema)
            let gate = TortureGate(writers: Self.writers)
            // One of them never repeats what was not acknowledged.
            let writers = (0..<Self.writers).map { TortureWriter(index: $0, isCareful: $0 != 0, seed: seed) }
            let socketPath = sidecar.socketPath
            let crew = Threads.start(Self.writers) { try writers[$0].run(gate, socketPath) }

            let start = ContinuousClock.now
            for _ in 0..<Self.kills {
                try live(sidecar, gate, using: &random)
                sidecar.kill()
            }
            let killed = ContinuousClock.now
            try sidecar.start()
            gate.open()
            gate.wait(forAcknowledgements: 20)
            gate.finish()
            try crew.join()

            let client = try FrameClient(sidecar.socketPath, timeoutSeconds: 60)
            let written = ContinuousClock.now
            #expect(try client.drain(timeoutMS: 50_000))
            let drained = ContinuousClock.now
            let account = try TortureAccount(sidecar.main)
            try account.expectEachOnce(writers)
            try account.expectWhole(writers)
            try account.expectOrdered(sequences: sequences(of: account.ledger, client))
            try TortureAccount.expectSound(sidecar.main)
            let counters = try client.counters()
            #expect(counters["conserved"] == true)
            #expect(counters["accepted"]?.int64 == Int64(account.ledger.count))
            #expect(counters["committed"]?.int64 == Int64(account.ledger.count))
            #expect(sidecar.stop() == .code(0))

            let acknowledged = writers.reduce(0) { $0 + $1.acknowledged.count }
            let duplicates = writers.reduce(0) { $0 + $1.duplicates }
            print(
                "torture: \(Self.kills) kills, \(acknowledged) acknowledged (\(duplicates) of them when repeated),",
                "\(account.ledger.count) applied; kills \(killed - start), last writes \(written - killed),",
                "drain \(drained - written)")
        }

        /// One life of the daemon, up to a moment at which it is to be killed.
        private func live(_ sidecar: Sidecar, _ gate: TortureGate, using random: inout SeededGenerator) throws {
            try sidecar.launch()
            if Int.random(in: 0..<4, using: &random) == 0 {
                // While it recovers. Chance is the point here: no event names the moment between two instructions.
                Thread.sleep(forTimeInterval: .random(in: 0...0.15, using: &random))
                return
            }
            try sidecar.waitUntilReady()
            let client = try sidecar.client()
            let counters = try client.counters()
            #expect(
                counters["conserved"] == true, "after a restart: \(String(decoding: counters.bytes, as: UTF8.self))")
            gate.open()
            // At any moment, not only when all is quiet.
            for _ in 0..<3 { #expect(try client.counters()["conserved"] == true) }
            gate.wait(forAcknowledgements: .random(in: 1...200, using: &random))
            Thread.sleep(forTimeInterval: .random(in: 0...0.01, using: &random))
            guard let redis = sidecar.redis, Bool.random(using: &random) else { return }
            redis.kill()
            Thread.sleep(forTimeInterval: .random(in: 0...0.05, using: &random))
            try redis.start()
            gate.open()
            gate.wait(forAcknowledgements: .random(in: 1...50, using: &random))
        }

        /// When each transaction was accepted, by the store's own count.
        private func sequences(of ids: [String], _ client: FrameClient) throws -> [String: Int64] {
            var sequences: [String: Int64] = [:]
            for start in stride(from: 0, to: ids.count, by: 100) {
                let batch = ids[start..<min(start + 100, ids.count)]
                let requests = try batch.map { try client.post("transaction.status", ["transaction_id": .string($0)]) }
                for (id, request) in zip(batch, requests) {
                    sequences[id] = try client.result(of: request)["sequence"]?.int64
                }
            }
            return sequences
        }
    }
}
