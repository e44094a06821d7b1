// SPDX-License-Identifier: MIT
public import Keyspace
import NIOCore
import Synchronization

/// Tells when something stands in the site's buffer, whoever pushed it: `BLMOVE buffer buffer RIGHT RIGHT`, a peek that
/// removes nothing, on a connection of its own. For one task.
public final class RedisWorkWatch: Sendable {
    /// How long the server holds one question back.
    private static let blockSeconds = "5"

    private let settings: RedisSettings
    private let eventLoop: any EventLoop
    private let route = Mutex<ConnectionRoute?>(nil)

    init(_ settings: RedisSettings, on eventLoop: any EventLoop) {
        self.settings = settings
        self.eventLoop = eventLoop
    }

    /// Waits for an element; false: none stood there for some seconds. A cancelled task is answered at once.
    ///
    /// Throws `unavailable` while the server can't be asked, which is also so when it has reached its memory limit.
    public func wait() async throws(KeyspaceError) -> Bool {
        let route = try await connected()
        let key = Array(settings.site.keys.transactionBuffer.utf8)
        let command = [Array("BLMOVE".utf8), key, key] + ["RIGHT", "RIGHT", Self.blockSeconds].map { Array($0.utf8) }
        let answer = await withTaskCancellationHandler {
            await route.send(command)
        } onCancel: {
            route.abandon(because: "Nobody waits for work any more.")
        }
        switch answer {
        case .success(let replies):
            guard case .error(let bytes)? = replies.first else { return replies.first != .null }
            throw ServerError(bytes).procedureError
        case .failure(let failure): throw failure.keyspaceError(mayWrite: false, isOwn: true)
        }
    }

    /// Closes the connection.
    public func close() { route.withLock { $0.take() }?.abandon(because: "Nobody waits for work any more.") }

    private func connected() async throws(KeyspaceError) -> ConnectionRoute {
        if let route = route.withLock({ $0 }), route.life.isAlive { return route }
        let opener = ConnectionOpener(settings: settings, eventLoop: eventLoop)
        do {
            let new = try await eventLoop.flatSubmit { opener.open().map { ConnectionRoute($0) } }.get()
            route.withLock { $0 = new }
            return new
        } catch {
            throw KeyspaceError(.unavailable, ConnectionOpener.finding(error).description)
        }
    }
}

extension RedisKeyspace {
    /// A watch over the site's buffer, for the process that applies what is in it.
    public func workWatch() -> RedisWorkWatch { RedisWorkWatch(settings, on: link.eventLoop) }
}
