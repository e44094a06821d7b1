// SPDX-License-Identifier: MIT
import DaemonHarness
import Foundation
import JSON
import Testing

extension Integration {
    @Suite struct OwnershipTests {
        @Test func `a second daemon on the same socket refuses, and the first goes on`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let second = try sidecar.refusal(["keyspace.url": "sqlite:" + sidecar.folder + "/other.db"])
            #expect(second.end == .code(1))
            #expect(second.output.contains("Another server already serves"), "\(second.output)")
            #expect(try sidecar.client().call("server.health")["status"] == "ok")
        }

        @Test(.enabled(if: KeyspaceUnderTest.isEmbedded))
        func `a second daemon on the same keyspace refuses, and the first goes on`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let second = try sidecar.refusal(["socket.path": sidecar.folder + "/t"])
            #expect(second.end == .code(1))
            #expect(second.output.contains("in use by another process"), "\(second.output)")
            #expect(!FileManager.default.fileExists(atPath: sidecar.folder + "/t"))
            #expect(try sidecar.client().call("server.health")["status"] == "ok")
        }

        @Test(.enabled(if: KeyspaceUnderTest.isEmbedded))
        func `the keyspace of another site is refused`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            try sidecar.client().pause()
            try sidecar.client().buffer("tx", .increment("s", "telescope", "t1", ["shots": 1]))
            sidecar.kill()
            let other = try sidecar.refusal(["site.name": "elsewhere"])
            #expect(other.end == .code(1))
            #expect(other.output.contains("site"), "\(other.output)")
            try sidecar.start()
            #expect(try sidecar.client().wait("tx")["status"] == "replicated")
        }

        @Test func `a wrong setting ends the program with code 2 and says which`() throws {
            let sidecar = try Sidecar(schema: SampleSchema.text)
            for (key, value) in [("retry.attempts", "many"), ("socket.mode", "999"), ("no.such.key", "1")] {
                let refusal = try sidecar.refusal([key: value])
                #expect(refusal.end == .code(2), "\(key)")
                #expect(refusal.output.contains(key), "\(refusal.output)")
            }
        }

        @Test func `a stale socket of a killed daemon is replaced, a file in its place is not`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            sidecar.kill()
            #expect(FileManager.default.fileExists(atPath: sidecar.socketPath))
            try sidecar.start()
            #expect(try sidecar.client().call("server.health")["status"] == "ok")
            #expect(sidecar.stop() == .code(0))
            #expect(!FileManager.default.fileExists(atPath: sidecar.socketPath))
            try Data("mine".utf8).write(to: URL(filePath: sidecar.socketPath))
            #expect(try sidecar.refusal().end == .code(1))
            #expect(FileManager.default.contents(atPath: sidecar.socketPath) == Data("mine".utf8))
        }

        @Test func `SIGTERM does not wait for those who wait`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let client = try sidecar.client()
            try client.pause()
            try client.buffer("tx", .increment("s", "telescope", "t1", ["shots": 1]))
            let wait = try client.post("transaction.wait", ["transaction_id": "tx", "timeout_ms": 600_000])
            let idle = try sidecar.client()
            _ = try idle.call("transaction.subscribe")
            // One that has to be killed has no code.
            #expect(sidecar.stop() == .code(0))
            // The client is answered or sees the end; it does not hang.
            _ = try? client.result(of: wait)
            #expect(client.isEnded())
            #expect(idle.isEnded())
            try sidecar.start()
            #expect(try sidecar.client().wait("tx")["status"] == "replicated")
        }

        @Test(arguments: [SIGHUP, SIGINT])
        func `other signals that end a program end it as gracefully`(signal: Int32) throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            try sidecar.client().buffer("tx", .increment("s", "telescope", "t1", ["shots": 1]))
            sidecar.signal(signal)
            #expect(sidecar.end() == .code(0))
            #expect(!FileManager.default.fileExists(atPath: sidecar.socketPath))
        }

        @Test func `under nohup the end of the terminal is none of the daemon's`() throws {
            let folder = "/tmp/sluice-nohup-\(UUID().uuidString.prefix(8))"
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let command = "trap '' HUP; exec '\(try DaemonBinary.path())' serve --state-directory '\(folder)'"
            let daemon = try ChildProcess("/bin/sh", ["-c", command])
            while let line = daemon.lines.next(), !line.hasSuffix(" ready") {}
            daemon.signal(SIGHUP)
            let client = try FrameClient(folder + "/sluice.sock")
            for _ in 0..<20 { #expect(try client.call("server.health")["status"] != nil) }
            daemon.signal(SIGTERM)
            #expect(daemon.wait() == .code(0))
        }

        @Test func `SIGTERM under load ends with code 0, and everything acknowledged survives`() throws {
            let sidecar = try Sidecar(schema: TortureAccount.schema)
            let gate = TortureGate(writers: 3)
            let writers = (0..<3).map { TortureWriter(index: $0, isCareful: true, seed: Effort.seed) }
            let socketPath = sidecar.socketPath
            let crew = Threads.start(3) { try writers[$0].run(gate, socketPath) }
            for _ in 0..<Effort.count(short: 2, full: 20) {
                try sidecar.start()
                _ = try sidecar.client().get("shared", "r0")
                gate.open()
                gate.wait(forAcknowledgements: 60)
                #expect(sidecar.stop() == .code(0))
            }
            try sidecar.start()
            _ = try sidecar.client().get("shared", "r0")
            gate.open()
            gate.finish()
            try crew.join()
            #expect(try sidecar.client().drain())
            let account = try TortureAccount(sidecar.main)
            try account.expectEachOnce(writers)
            try account.expectWhole(writers)
            try TortureAccount.expectSound(sidecar.main)
            #expect(sidecar.stop() == .code(0))
        }
    }
}
