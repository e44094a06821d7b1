// SPDX-License-Identifier: MIT
import Glibc
import JSON
import Synchronization
import Testing
import WireProtocol

@testable import SocketServer

@Suite(.serialized) struct ConnectionFaultTests {
    @Test(
        arguments: [
            ([0, 0, 0, 0], "zero_length"), ([0, 0, 4, 1], "oversize"),
            (Array("GET / HTTP/1.1\r\n\r\n".utf8), "first_byte"),
            (Array(#"{"jsonrpc":"2.0"}"#.utf8), "first_byte"), ([0, 0, 0, 9, 1], "incomplete"), ([0], "incomplete"),
        ] as [([UInt8], String)])
    func `a broken frame gets a readable error, then the end`(bytes: [UInt8], detail: String) async throws {
        let configure = { (configuration: inout SocketServerConfiguration) in
            configuration.frameBytesMax = 1024
            configuration.incompleteFrameTimeout = .milliseconds(100)
        }
        try await withServer(configure: configure) { server in
            try await server.client { client throws in
                client.request(1)
                client.send(bytes)
                #expect(try client.reply()["result"]?.string == "echo")
                let error = try client.reply()
                #expect(error["id"]?.isNull == true)
                #expect(error["error"]?["data"]?["kind"]?.string == "frame_error")
                #expect(error["error"]?["data"]?["detail"]?.string == detail)
                client.expectEnd()
            }
        }
    }

    @Test func `what is no JSON is answered and the connection goes on`() async throws {
        try await withServer { server in
            try await server.client { client throws in
                client.send(frame: "{")
                #expect(try client.reply()["error"]?["code"]?.int64 == -32700)
                client.request(2)
                #expect(try client.reply()["id"]?.int64 == 2)
            }
        }
    }

    @Test func `a client that has shut its side still gets its replies, then the end`() async throws {
        let gate = Events()
        let handler = ScriptedHandler { frame, _ in
            await gate.wait()
            return reply(to: frame)
        }
        try await withServer(handler) { server in
            try await server.client { client throws in
                for id in 1...3 { client.request(id) }
                client.endInput()
                gate.signal()
                #expect(try Set((1...3).map { _ in try client.reply()["id"]?.int64 }) == [1, 2, 3])
                client.expectEnd()
            }
            await handler.closed.wait()
        }
    }

    @Test func `when the peer vanishes its requests are cancelled and its session is closed once`() async throws {
        let started = Events()
        let handler = ScriptedHandler { _, _ in
            started.signal()
            try? await Task.sleep(for: .seconds(3600))
            return nil
        }
        try await withServer(handler) { server in
            let client = try await onThread { try TestClient(server.path) }
            client.request(1)
            await started.wait()
            shutdown(client.descriptor, Int32(SHUT_RDWR))
            await handler.closed.wait()
        }
        #expect(handler.closed.count == 1)
    }

    @Test func `requests beyond the limit are answered busy while the others run on`() async throws {
        let gate = Events()
        let handler = ScriptedHandler { frame, _ in
            await gate.wait()
            return reply(to: frame)
        }
        try await withServer(handler, configure: { $0.inFlightMax = 3 }) { server in
            try await server.client { client throws in
                for id in 1...5 { client.request(id) }
                client.send(frame: #"{"jsonrpc":"2.0","method":"unanswered"}"#)
                for id in 4...5 {
                    let busy = try client.reply()
                    #expect(busy["id"]?.int64 == Int64(id))
                    #expect(busy["error"]?["data"]?["kind"]?.string == "busy")
                    #expect(busy["error"]?["data"]?["retry_after_ms"]?.int64 == 50)
                }
                gate.signal()
                #expect(try Set((1...3).map { _ in try client.reply()["id"]?.int64 }) == [1, 2, 3])
                client.request(6)
                #expect(try client.reply()["result"]?.string == "echo")
            }
        }
    }

    @Test func `a connection beyond the limit is told so and closed, and later ones are served`() async throws {
        try await withServer(configure: { $0.connectionsMax = 1 }) { server in
            try await onThread { () throws in
                var first: TestClient? = try TestClient(server.path)
                first?.request(1)
                #expect(try first?.reply()["id"]?.int64 == 1)
                let second = try TestClient(server.path)
                let busy = try second.reply()
                #expect(busy["id"]?.isNull == true)
                #expect(busy["error"]?["data"]?["kind"]?.string == "busy")
                second.expectEnd()
                first = nil
                // Each attempt waits for its answer; the place is free when the server has seen the first one end.
                var served = false
                for _ in 0..<1000 where !served {
                    let client = try TestClient(server.path)
                    client.request(2)
                    served = try client.reply()["result"]?.string == "echo"
                }
                #expect(served)
            }
        }
    }

    @Test func `a user who is not allowed is told so`() async throws {
        try await withServer(configure: { $0.allowedUIDs = [getuid() + 1] }) { server in
            try await server.client { client throws in
                #expect(try client.reply()["error"]?["data"]?["kind"]?.string == "permission_denied")
                client.expectEnd()
            }
        }
    }

    @Test func `the peer's user and group are known`() async throws {
        let seen = Mutex<[UInt32]>([])
        let handler = ScriptedHandler { frame, peer in
            seen.withLock { $0 = [peer.uid, peer.gid] }
            return reply(to: frame)
        }
        try await withServer(handler, configure: { $0.allowedGIDs = [getgid()] }) { server in
            try await server.client { client throws in
                client.request(1)
                _ = try client.reply()
            }
        }
        #expect(seen.withLock { $0 } == [getuid(), getgid()])
    }
}
