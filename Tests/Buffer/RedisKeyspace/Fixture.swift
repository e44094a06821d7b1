// SPDX-License-Identifier: MIT
import Keyspace
import NIOCore
import NIOPosix
import RedisKeyspace
import RedisServer
import Synchronization
import Testing
import TransactionModel

/// Ways to open a keyspace on a test's server and to wait for what happens to it.
enum Fixture {
    static let hasRedis = RedisServer.program != nil
    static let noRedis: Comment = "there is no redis-server"
    static let loop = MultiThreadedEventLoopGroup.singleton.next()

    static func settings(
        _ url: String, _ configure: (inout RedisSettings) -> Void = { _ in }
    ) throws -> RedisSettings {
        var settings = RedisSettings(url: try RedisURL(url), site: SiteSettings(site: "test"))
        settings.openTimeout = .seconds(5)
        settings.retryDelay = .milliseconds(5)
        settings.retryDelayMax = .milliseconds(50)
        configure(&settings)
        return settings
    }

    /// Runs `body` on a keyspace that is closed afterwards.
    static func with(
        _ server: RedisServer, _ configure: (inout RedisSettings) -> Void = { _ in },
        _ body: (RedisKeyspace, EventLog) async throws -> Void
    ) async throws {
        let log = EventLog()
        let keyspace = try await RedisKeyspace.open(
            try settings(server.url, configure), on: loop,
            onEvent: { log.add($0) })
        do {
            try await body(keyspace, log)
        } catch {
            await keyspace.close()
            throw error
        }
        await keyspace.close()
    }

    /// Returns when the keyspace has written what was submitted so far.
    static func written() async throws {
        // The first turn hands it to the connection, which writes it as its next task.
        for _ in 0..<2 { try await loop.submit {}.get() }
    }

    static func accept(_ id: String) throws -> Operation {
        let payload = Array("{\"format\":1,\"transaction_id\":\"\(id)\",\"steps\":[]}".utf8)
        let hash = try #require(ContentHash(bytes: [UInt8](repeating: 1, count: 32)))
        return .accept(
            Accept(
                transactionID: try #require(TransactionID(id)), contentHash: hash, payload: payload, changes: [],
                acceptedAt: Timestamp(microseconds: 1_780_000_000_000_000)))
    }
}

extension RedisKeyspace {
    func command(_ arguments: any CommandArgument...) async throws(KeyspaceError) -> Reply {
        try await perform([.command(Command(arguments.map(\.commandBytes)))]).first ?? .null
    }
}

/// What the keyspace told, to be waited for by name instead of by time.
final class EventLog: Sendable {
    private struct Waiter {
        let matches: @Sendable (RedisEvent) -> Bool
        let continuation: CheckedContinuation<RedisEvent, Never>
    }

    private struct State {
        var events: [RedisEvent] = []
        var waiters: [Waiter] = []
    }

    private let state = Mutex(State())

    var events: [RedisEvent] { state.withLock { $0.events } }

    func add(_ event: RedisEvent) {
        state.withLock { state in
            state.events.append(event)
            for waiter in state.waiters where waiter.matches(event) { waiter.continuation.resume(returning: event) }
            state.waiters.removeAll { $0.matches(event) }
        }
    }

    /// The first such event since the `start`th.
    func first(
        since start: Int = 0, matches: @escaping @Sendable (RedisEvent) -> Bool
    ) async -> RedisEvent {
        await withCheckedContinuation { continuation in
            state.withLock { state in
                if let event = state.events.dropFirst(start).first(where: matches) {
                    continuation.resume(returning: event)
                } else {
                    state.waiters.append(Waiter(matches: matches, continuation: continuation))
                }
            }
        }
    }

    /// Waits until it has connected so many times.
    func connections(_ count: Int) async {
        var seen = 0
        var start = 0
        while seen < count {
            let from = start
            _ = await first(since: from) { $0.isConnected }
            seen += 1
            start = (events.indices.dropFirst(from).first { events[$0].isConnected } ?? from) + 1
        }
    }
}

extension RedisEvent {
    var isConnected: Bool { if case .connected = self { true } else { false } }
    var isDisconnected: Bool { if case .disconnected = self { true } else { false } }
    var isSetBack: Bool { if case .setBack = self { true } else { false } }
}

extension RedisServer {
    /// Waits until INFO says so.
    func until(_ section: String, contains text: String) async throws {
        while true {
            try Task.checkCancellation()
            if case .text(let info) = try run("INFO", section), info.contains(text) { return }
            await Task.yield()
        }
    }

    /// Ends the connections of everybody else.
    func killClients() throws { try run("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes") }
}
