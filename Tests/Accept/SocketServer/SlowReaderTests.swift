// SPDX-License-Identifier: MIT
import Glibc
import JSON
import Logging
import Synchronization
import Testing
import WireProtocol

@testable import SocketServer

@Suite(.serialized) struct SlowReaderTests {
    private static let large = [UInt8](repeating: UInt8(ascii: " "), count: 1 << 20)

    private static let handler: @Sendable ([UInt8], PeerConnection) async -> [UInt8]? = { frame, _ in
        frame.count > 64 ? Frame.encode(large) : reply(to: frame)
    }

    /// A request whose reply is 1 MiB long.
    private static let request = Frame.encode([UInt8](repeating: UInt8(ascii: " "), count: 100))

    @Test func `a client that lets too much wait is cut off alone`() async throws {
        let handler = ScriptedHandler(Self.handler)
        try await withServer(handler, configure: { $0.outboundBytesMax = 4 << 20 }) { server in
            let slow = try await onThread { try TestClient(server.path) }
            slow.send((0..<32).flatMap { _ in Self.request })
            await handler.closed.wait()
            try await server.client { client throws in
                client.request(1)
                #expect(try client.reply()["id"]?.int64 == 1)
                slow.expectEnd()
            }
        }
    }

    @Test func `a client that reads nothing in time is cut off alone`() async throws {
        let handler = ScriptedHandler(Self.handler)
        try await withServer(handler, configure: { $0.slowReaderTimeout = .milliseconds(100) }) { server in
            let slow = try await onThread { try TestClient(server.path) }
            slow.send((0..<2).flatMap { _ in Self.request })
            await handler.closed.wait()
            try await server.client { client throws in
                client.request(1)
                #expect(try client.reply()["id"]?.int64 == 1)
                slow.expectEnd()
            }
        }
    }

    @Test func `the log tells a client's cut-off at the level that daemons have by default`() async throws {
        let lines = LineLog()
        let logger = Logger(label: "test") { _ in lines }
        let handler = ScriptedHandler(Self.handler)
        try await withServer(handler, configure: { $0.slowReaderTimeout = .milliseconds(100) }, logger: logger) {
            server in
            let slow = try await onThread { try TestClient(server.path) }
            slow.send((0..<2).flatMap { _ in Self.request })
            await handler.closed.wait()
            slow.expectEnd()
        }
        #expect(lines.texts == ["slow reader cut off"])
    }

    @Test func `requests of a client that does not read are left unread`() async throws {
        let started = Mutex(0)
        let handler = ScriptedHandler { frame, peer in
            started.withLock { $0 += 1 }
            return await Self.handler(frame, peer)
        }
        try await withServer(handler) { server in
            try await server.client { client throws in
                // Who sees the beginning of a reply that no socket buffer holds knows: the server waits for its reader.
                client.send(Self.request)
                #expect(try client.receivePart(4) == [0, 16, 0, 0])
                #expect(client.sendUntilBlocked(Self.request, countMax: 100_000) > 100)
                #expect(started.withLock { $0 } == 1)
            }
        }
    }

    @Test func `a push to a closed connection says so`() async throws {
        let peers = Mutex<[PeerConnection]>([])
        let handler = ScriptedHandler { frame, peer in
            peers.withLock { $0 = [peer] }
            return reply(to: frame)
        }
        try await withServer(handler) { server in
            try await server.client { client throws in
                client.request(1)
                _ = try client.reply()
                let peer = try #require(peers.withLock { $0.first })
                #expect(peer.send(ReplyWriter.notification(method: "event", params: Array("{}".utf8))))
                #expect(try client.reply()["method"]?.string == "event")
                peer.close()
                client.expectEnd()
                #expect(!peer.send([0, 0, 0, 1, 1]))
            }
        }
    }
}

/// Keeps what is logged at info and above.
private final class LineLog: LogHandler {
    private let kept = Mutex<[String]>([])

    var texts: [String] { kept.withLock { $0 } }

    func log(event: LogEvent) { kept.withLock { $0.append(event.message.description) } }

    var logLevel: Logger.Level {
        get { .info }
        set {}
    }

    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }
}

extension TestClient {
    func receivePart(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard recv(descriptor, &bytes, count, Int32(MSG_WAITALL)) == count else { throw ClientError.ended }
        return bytes
    }

    /// How many copies the system took before the peer stopped reading.
    func sendUntilBlocked(_ bytes: [UInt8], countMax: Int) -> Int {
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        for count in 0..<countMax where Glibc.send(descriptor, bytes, bytes.count, flags) != bytes.count {
            return count
        }
        return countMax
    }
}
