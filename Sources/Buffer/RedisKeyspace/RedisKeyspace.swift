// SPDX-License-Identifier: MIT
public import Keyspace
public import NIOCore

/// The keyspace on a Redis or Valkey server, version 7 or newer.
///
/// One connection serves everybody: what its callers submit in one turn of the event loop travels as one write, their
/// accepts as one script call, whole blocks contiguous. Each reply reaches the caller of its request and nobody else.
/// Callers on the event loop change no thread.
///
/// A connection that is lost is made again in the background, each time through the gate (``GateFinding/Code`` names
/// what it looks at). Meanwhile callers wait for `patience` at most, then are answered `unavailable`. What was sent on
/// a lost connection and may have written is `outcomeUnknown`: repeat it with its id.
public final class RedisKeyspace: Keyspace {
    let settings: RedisSettings
    let link: NIOLoopBound<Link>
    private let status: LinkStatus
    let exchange: OperationExchange<LinkRoute>

    private init(_ settings: RedisSettings, _ link: NIOLoopBound<Link>, _ status: LinkStatus, _ codec: OperationCodec) {
        self.settings = settings
        self.link = link
        self.status = status
        exchange = OperationExchange(route: LinkRoute(link: link), codec: codec, epoch: status.epoch)
    }

    /// Connects and looks at the server.
    ///
    /// - Parameters:
    ///   - eventLoop: A POSIX event loop, best the one on which the callers run. ``close()`` comes before its shutdown.
    ///   - onEvent: Called on the event loop, in order; it must not block.
    /// - Throws: `incompatible` when the server is not fit or refuses us, `unavailable` when it is away or loading for
    ///   longer than `openTimeout`. The message names what to do.
    public static func open(
        _ settings: RedisSettings, on eventLoop: any EventLoop,
        onEvent: @escaping @Sendable (RedisEvent) -> Void = { _ in }
    ) async throws(KeyspaceError) -> RedisKeyspace {
        let codec = OperationCodec(settings.site)
        let status = LinkStatus(settings.lastSeen, onEvent: onEvent)
        do {
            let link = try await eventLoop.submit {
                let link = Link(settings, codec: codec, status: status, on: eventLoop)
                return NIOLoopBound(link, eventLoop: eventLoop)
            }.get()
            let keyspace = RedisKeyspace(settings, link, status, codec)
            do {
                try await eventLoop.flatSubmit { link.value.start() }.get()
            } catch {
                await keyspace.close()
                throw error
            }
            return keyspace
        } catch {
            throw ConnectionOpener.finding(error).keyspaceError
        }
    }

    /// What an acknowledgement is worth by the server's configuration, as it was last looked at.
    public var durability: Durability { status.durability }

    /// What is known of the server at the moment. From any thread.
    public var report: RedisReport { status.report }

    public func perform(_ operations: [Operation]) async throws(KeyspaceError) -> [Reply] {
        try await exchange.perform(operations)
    }

    public func execute(_ operations: [Operation]) async throws(KeyspaceError) -> Execution {
        try await exchange.execute(operations, watches: false)
    }

    public func connect() async throws(KeyspaceError) -> any KeyspaceConnection {
        guard status.report.isConnected else { throw KeyspaceError(.unavailable, status.reason) }
        let opener = ConnectionOpener(settings: settings, eventLoop: link.eventLoop)
        let (route, runID): (ConnectionRoute, String)
        do {
            (route, runID) = try await link.eventLoop.flatSubmit {
                opener.open().map { (ConnectionRoute($0), $0.value.runID) }
            }.get()
        } catch {
            throw KeyspaceError(.unavailable, ConnectionOpener.finding(error).description)
        }
        let server = SameServer(status, runID: runID)
        try server.check(route)
        return RedisKeyspaceConnection(route, server, codec: exchange.codec, epoch: status.epoch)
    }
}

// MARK: Upkeep

extension RedisKeyspace {
    /// Looks at the server again: its role, its policies, how far the keyspace has come. To be called about once a
    /// second: `durability` is as old as the last look.
    public func maintain() async throws(KeyspaceError) {
        let link = link
        do {
            try await link.eventLoop.flatSubmit { link.value.look() }.get()
        } catch {
            throw KeyspaceError(.unavailable, ConnectionOpener.finding(error).description)
        }
    }

    public func statistics() async throws(KeyspaceError) -> RedisStatistics {
        let replies = try await perform([.command(Command("HGETALL", settings.site.keys.counters))])
        return RedisStatistics(counters: replies.first, report: report)
    }

    /// Closes the shared connection, refuses whoever comes later. Connections made by ``connect()`` are their callers'.
    public func close() async {
        let link = link
        try? await link.eventLoop.submit { link.value.close() }.get()
    }
}
