// SPDX-License-Identifier: MIT
import Foundation
import JSON
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import SocketServer
import Synchronization
import WireProtocol

/// Sessions whose every step a test decides and sees.
struct ScriptedHandler: RequestHandler {
    var respond: @Sendable ([UInt8], PeerConnection) async -> [UInt8]?
    let opened = Events()
    let closed = Events()

    init(_ respond: @escaping @Sendable ([UInt8], PeerConnection) async -> [UInt8]? = { frame, _ in reply(to: frame) })
    {
        self.respond = respond
    }

    func open(_ peer: PeerConnection) -> Session {
        opened.signal()
        return Session(peer: peer, handler: self)
    }

    struct Session: RequestSession {
        let peer: PeerConnection
        let handler: ScriptedHandler

        func respond(to frame: [UInt8]) async -> [UInt8]? { await handler.respond(frame, peer) }

        func refused(_ frame: [UInt8]) {}

        func close() async { handler.closed.signal() }
    }
}

/// Answers with the method's name, as the dispatch would: errors for what is no request, nothing to a notification.
func reply(to frame: [UInt8]) -> [UInt8]? {
    do throws(RequestRefusal) {
        let request = try RequestEnvelope(parsing: frame)
        return request.id.map { id in ReplyWriter.result(id: id) { $0.string(request.method) } }
    } catch {
        return error.reply
    }
}

/// Counts named moments, and waits for the nth.
final class Events: Sendable {
    private struct State {
        var count = 0
        var waiters: [(count: Int, waiter: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    func signal() {
        let ready = state.withLock { state in
            state.count += 1
            let ready = state.waiters.filter { $0.count <= state.count }
            state.waiters.removeAll { $0.count <= state.count }
            return ready.map(\.waiter)
        }
        for waiter in ready { waiter.resume() }
    }

    func wait(_ count: Int = 1) async {
        await withCheckedContinuation { waiter in
            let isReady = state.withLock { state in
                if state.count >= count { return true }
                state.waiters.append((count, waiter))
                return false
            }
            if isReady { waiter.resume() }
        }
    }

    var count: Int { state.withLock { $0.count } }
}

/// A folder of its own for each test, short enough for a socket's path.
final class TestFolder: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/socket-XXXXXX".utf8CString)
        path = mkdtemp(&template).map { String(cString: $0) } ?? "/nonexistent"
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var socket: String { path + "/s" }
}

struct TestServer: Sendable {
    let folder: TestFolder
    let group: MultiThreadedEventLoopGroup
    let stop: @Sendable () async -> Void

    var path: String { folder.socket }

    /// Blocking client code, off the pool that the server's tasks need.
    func client<R: Sendable>(_ body: @escaping @Sendable (TestClient) throws -> R) async throws -> R {
        try await onThread { [path] in try body(TestClient(path)) }
    }
}

func onThread<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    try await withCheckedThrowingContinuation { waiter in
        Thread.detachNewThread { waiter.resume(with: Result { try body() }) }
    }
}

/// Runs a server around `body`, then stops it gracefully; returns when it has ended.
func withServer(
    _ handler: ScriptedHandler = ScriptedHandler(), folder: TestFolder = TestFolder(),
    configure: (inout SocketServerConfiguration) -> Void = { _ in }, logger: Logger = Logger(label: "test"),
    _ body: @Sendable (TestServer) async throws -> Void
) async throws {
    var configuration = SocketServerConfiguration(path: folder.socket)
    configuration.lingerTimeout = .milliseconds(50)
    configure(&configuration)
    let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let listening = Events()
    let server = SocketServer(
        configuration, group: loops, handler: handler, logger: logger,
        onListening: { listening.signal() })
    let services = ServiceGroup(
        configuration: ServiceGroupConfiguration(services: [.init(service: server)], logger: Logger(label: "test")))
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            defer { listening.signal() }
            try await services.run()
        }
        await listening.wait()
        let stop: @Sendable () async -> Void = { await services.triggerGracefulShutdown() }
        try await body(TestServer(folder: folder, group: loops, stop: stop))
        await stop()
        try await group.waitForAll()
    }
    try await loops.shutdownGracefully()
}
