// SPDX-License-Identifier: MIT
import JSON
import NIOCore
import NIOPosix
import Synchronization
import Testing
import WireProtocol

@testable import SocketServer

@Suite(.serialized) struct RequestOrderTests {
    @Test func `requests start in order on the loop, and none starts before the former has suspended`() async throws {
        let loops = Mutex<[any EventLoop]>([])
        let log = Mutex<[String]>([])
        let handler = ScriptedHandler { frame, _ in
            guard let request = try? RequestEnvelope(parsing: frame), let id = request.id else { return nil }
            let name = String(decoding: id.text, as: UTF8.self)
            let isOnLoop = loops.withLock { $0.first?.inEventLoop == true }
            log.withLock { $0 += ["start \(name)", isOnLoop ? "submit \(name)" : "off the loop"] }
            await Task.yield()
            let isBack = loops.withLock { $0.first?.inEventLoop == true }
            log.withLock { $0.append(isBack ? "back" : "elsewhere") }
            return reply(to: frame)
        }
        try await withServer(handler) { server in
            loops.withLock { $0 = [server.group.next()] }
            try await server.client { client throws in
                for id in 0..<1000 { client.request(id) }
                for _ in 0..<1000 { _ = try client.receive() }
            }
        }
        let entries = log.withLock { $0 }
        #expect(entries.filter { $0 == "back" }.count == 1000)
        #expect(entries.filter { $0 != "back" } == (0..<1000).flatMap { ["start \($0)", "submit \($0)"] })
    }

    @Test func `a task resumed by another thread goes on on the loop`() async throws {
        let loops = Mutex<[any EventLoop]>([])
        let isOnLoop = Mutex<[Bool]>([])
        let handler = ScriptedHandler { frame, _ in
            _ = try? await onThread { 1 }
            isOnLoop.withLock { all in all.append(loops.withLock { $0.first?.inEventLoop == true }) }
            return reply(to: frame)
        }
        try await withServer(handler) { server in
            loops.withLock { $0 = [server.group.next()] }
            try await server.client { client throws in
                client.request(1)
                #expect(try client.reply()["result"]?.string == "echo")
            }
        }
        #expect(isOnLoop.withLock { $0 } == [true])
    }

    @Test func `what a session sends itself precedes what it sends next`() async throws {
        let handler = ScriptedHandler { frame, peer in
            peer.send(reply(to: frame) ?? [])
            peer.send(ReplyWriter.notification(method: "event", params: Array("{}".utf8)))
            return nil
        }
        try await withServer(handler) { server in
            try await server.client { client throws in
                client.request(1)
                #expect(try client.reply()["id"]?.int64 == 1)
                #expect(try client.reply()["method"]?.string == "event")
            }
        }
    }
}
