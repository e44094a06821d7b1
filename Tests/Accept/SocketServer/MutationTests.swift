// SPDX-License-Identifier: MIT
import Glibc
import JSON
import SeededRandom
import Synchronization
import Testing
import WireProtocol

@testable import SocketServer

@Suite(.serialized) struct MutationTests {
    @Test func `10,000 mutated frames harm nobody else`() async throws {
        let configure = { (configuration: inout SocketServerConfiguration) in
            configuration.lingerTimeout = .milliseconds(10)
            // Below what is sent after each mutant, so that a length that grew waits for nothing.
            configuration.frameBytesMax = 100
        }
        try await withServer(configure: configure) { server in
            let isDone = Atomic(false)
            async let good: Int = server.client { client throws in
                var served = 0
                while !isDone.load(ordering: .relaxed) || served == 0 {
                    client.request(served)
                    let reply = try client.reply()
                    guard reply["id"]?.int64 == Int64(served), reply["result"]?.string == "echo" else { return -1 }
                    served += 1
                }
                return served
            }
            let answered = try await onThread { [path = server.path] in
                defer { isDone.store(true, ordering: .relaxed) }
                var random = SeededGenerator(seed: 2026)
                var client = try TestClient(path)
                var answers = 0
                for _ in 0..<10_000 {
                    client.send(Self.mutant(using: &random))
                    client.send(frame: Self.good)
                    // Either the stream is still one of frames, and the good request is answered, or it ends.
                    do {
                        while try client.reply()["id"]?.int64 != 77 { answers += 1 }
                    } catch TestClient.ClientError.ended {
                        client = try TestClient(path)
                    } catch TestClient.ClientError.errno(let code) where code == ECONNRESET {
                        client = try TestClient(path)
                    }
                }
                return answers
            }
            #expect(answered > 1000)
            #expect(try await good > 0)
        }
    }

    private static let good = #"{"jsonrpc":"2.0","id":77,"method":"echo"}"#

    /// One to three bytes changed, removed or doubled.
    private static func mutant(using random: inout SeededGenerator) -> [UInt8] {
        var frame = Frame.encode(#"{"jsonrpc":"2.0","id":1,"method":"echo","params":{"_meta":{"protocol":"1"}}}"#.utf8)
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let at = Int.random(in: 0..<frame.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: frame[at] = UInt8.random(in: 0...255, using: &random)
            case 1: frame.remove(at: at)
            default: frame.insert(frame[at], at: at)
            }
        }
        return frame
    }
}
