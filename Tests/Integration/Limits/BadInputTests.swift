// SPDX-License-Identifier: MIT
import DaemonHarness
import Foundation
import JSON
import Synchronization
import Testing
import WireProtocol

extension Integration {
    @Suite struct BadInputTests {
        private static let health = #"{"jsonrpc":"2.0","id":77,"method":"server.health"}"#

        private func residentBytes(_ client: FrameClient) throws -> Int64 {
            try client.call("server.stats")["resident_bytes"]?.int64 ?? .max
        }

        @Test(.enabled(if: JSONCorpus.folder != nil, "\(JSONCorpus.skipReason)"))
        func `every document of the JSON corpus is answered with an error`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            var client = try sidecar.client()
            let documents = try JSONCorpus.documents()
            #expect(documents.count > 300)
            for (name, bytes) in documents {
                do {
                    // An empty payload can't be framed; a zero length is its own fault.
                    try client.send(bytes.isEmpty ? [0, 0, 0, 0] : Frame.encode(bytes))
                    let answer = try client.receive()
                    let kind = answer["error"]?["data"]?["kind"]
                    let kinds: [JSONValue] = bytes.isEmpty ? ["frame_error"] : ["parse_error", "invalid_request"]
                    #expect(kinds.contains { $0 == kind }, "\(name)")
                    if name.hasPrefix("n_"), !bytes.isEmpty { #expect(kind == "parse_error", "\(name)") }
                    if bytes.isEmpty { client = try sidecar.client() }
                } catch {
                    Issue.record("\(name): \(error)")
                    client = try sidecar.client()
                }
            }
            #expect(try client.call("server.health")["status"] == "ok")
        }

        struct Broken: Sendable, CustomTestStringConvertible {
            var testDescription: String
            var bytes: [UInt8]
        }

        private static let broken = [
            Broken(testDescription: "a wrong first byte", bytes: Array("GET / HTTP/1.1\r\n\r\n".utf8)),
            Broken(testDescription: "a zero length", bytes: [0, 0, 0, 0]),
            Broken(testDescription: "one byte beyond the limit", bytes: [0, 0x40, 0, 1, 0x20]),
            Broken(testDescription: "all ones", bytes: [UInt8](repeating: 0xff, count: 64)),
        ]

        @Test func `what is no frame is answered with frame_error and closed, and the frames before it are answered`()
            throws
        {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let other = try sidecar.client()
            for fault in Self.broken {
                let client = try sidecar.client()
                try client.send(Frame.encode(Self.health.utf8) + fault.bytes)
                #expect(try client.receive()["id"] == 77, "\(fault.testDescription)")
                let answer = try client.receive()
                #expect(answer["id"] == .some(.null))
                #expect(answer["error"]?["data"]?["kind"] == "frame_error", "\(fault.testDescription)")
                #expect(client.isEnded(), "\(fault.testDescription)")
                #expect(try other.call("server.health")["status"] == "ok")
            }
        }

        @Test func `a frame of which only a part came is never executed`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let transaction = FrameClient.transaction("half", [.increment("s", "telescope", "t1", ["shots": 1])])
            let request: JSONValue = [
                "jsonrpc": "2.0", "id": 1, "method": "transaction.buffer", "params": ["transaction": transaction],
            ]
            let frame = Frame.encode(request.bytes)
            for length in stride(from: 1, to: frame.count, by: 7) {
                let client = try sidecar.client()
                try client.send(Array(frame[..<length]))
                client.endInput()
                #expect(client.isEnded())
            }
            #expect(try sidecar.client().counters()["accepted"] == 0)
        }

        @Test func `mutated frames harm nobody else, and memory stays bounded`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let count = Effort.count(short: 1000, full: 10_000)
            let socketPath = sidecar.socketPath
            let seed = Effort.seed
            let first = try residentBytes(sidecar.client())
            let neighbour = Neighbour()
            let crew = Threads.start(1) { _ in try neighbour.run(socketPath) }
            defer { neighbour.stop() }
            var random = SeededGenerator(seed: seed)
            var client = try sidecar.client()
            var answers = 0
            for _ in 0..<count {
                // Whatever it has become: either the stream is one of frames still, and the good request behind it is
                // answered, or it ends.
                do {
                    try client.send(Self.mutant(using: &random))
                    try client.send(Frame.encode(Self.health.utf8))
                    client.endInput()
                    while try client.receive()["id"] != 77 { answers += 1 }
                } catch ConnectionError.ended {}
                client = try sidecar.client()
            }
            neighbour.stop()
            try crew.join()
            #expect(answers > count / 4, "seed \(seed)")
            #expect(neighbour.served > 0)
            let growth = try residentBytes(sidecar.client()) - first
            #expect(growth < 64 << 20, "grew by \(growth >> 20) MiB")
        }

        /// One to four bytes changed, removed, doubled or cut off.
        private static func mutant(using random: inout SeededGenerator) -> [UInt8] {
            let step = #"{"step_id":"s","operation":"increment","model":"telescope","id":"t1","data":{"shots":1}}"#
            let goods = [
                #"{"jsonrpc":"2.0","id":1,"method":"transaction.buffer","params":{"transaction":{"steps":[\#(step)]}}}"#,
                #"{"jsonrpc":"2.0","id":1,"method":"record.query","params":{"model":"telescope","where":{"shots":{"gte":0}}}}"#,
                #"{"jsonrpc":"2.0","id":1,"method":"keyspace.command","params":{"command":["SET","k","v","EX",10]}}"#,
                #"{"jsonrpc":"2.0","id":1,"method":"record.get","params":{"model":"telescope","id":"t1","_meta":{"protocol":"1"}}}"#,
                #"{"jsonrpc":"2.0","id":1,"method":"dead_letter.list","params":{"filter":{"code":"x"},"limit":10}}"#,
            ]
            var frame = Frame.encode(goods[Int.random(in: 0..<goods.count, using: &random)].utf8)
            // Mostly behind the length, so that the daemon gets to see what is inside.
            let first = Int.random(in: 0..<4, using: &random) == 0 ? 0 : FrameDecoder.headerBytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let at = Int.random(in: first..<frame.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: frame[at] = UInt8.random(in: 0...255, using: &random)
                case 1: frame[at] = UInt8(ascii: "0") + UInt8.random(in: 0...9, using: &random)
                case 2 where first == 0: frame.remove(at: at)
                default: frame.swapAt(at, Int.random(in: first..<frame.count, using: &random))
                }
            }
            return frame
        }

        /// A good client beside bad ones.
        private final class Neighbour: Sendable {
            private let isStopped = Atomic(false)
            private let count = Atomic(0)

            var served: Int { count.load(ordering: .relaxed) }

            func stop() { isStopped.store(true, ordering: .relaxed) }

            func run(_ socketPath: String) throws {
                let client = try FrameClient(socketPath)
                while !isStopped.load(ordering: .relaxed) {
                    _ = try client.get("telescope", "t2")
                    count.add(1, ordering: .relaxed)
                }
            }
        }
    }
}
