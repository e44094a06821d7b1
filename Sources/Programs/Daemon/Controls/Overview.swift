// SPDX-License-Identifier: MIT
import BackgroundProcessing
import JSON
import Keyspace
import MainDatabase
import ReplicationTracking
import RequestDispatch
import SocketServer
import Synchronization
import TransactionBuffering
import TransactionModel

/// Everything an operator may ask about, in one hand.
final class Overview: Sendable {
    let configuration: DaemonConfiguration
    let manager: TransactionManager
    let access: KeyspaceAccess
    let keyspace: any SiteStore
    let processor: BackgroundProcessor
    let tracker: LSNTracker
    let main: any MainDatabase
    let startedAt: Timestamp
    let now: @Sendable () -> Timestamp
    /// Of the server, once there is one.
    let load = Mutex<ServerLoad?>(nil)

    init(
        configuration: DaemonConfiguration, manager: TransactionManager, access: KeyspaceAccess,
        keyspace: any SiteStore, processor: BackgroundProcessor, tracker: LSNTracker, main: any MainDatabase,
        startedAt: Timestamp, now: @escaping @Sendable () -> Timestamp
    ) {
        self.configuration = configuration
        self.manager = manager
        self.access = access
        self.keyspace = keyspace
        self.processor = processor
        self.tracker = tracker
        self.main = main
        self.startedAt = startedAt
        self.now = now
    }

    /// The counters of the site, from the store.
    func counters() async throws(BufferingError) -> [String: Int64] {
        do {
            return try await keyspace.counters()
        } catch {
            throw BufferingError(.storeUnavailable, error.message)
        }
    }

    /// How long the oldest unfinished transaction has waited; nil when nothing waits.
    func oldestPendingAge() async throws(BufferingError) -> Duration? {
        let oldest = Command("LINDEX", manager.keys.transactionBuffer, -1)
        guard case .bulk(let bytes)? = try await access.read([oldest]).first,
            let id = (try? JSONDocument(parsing: bytes).root)?["transaction_id"]?.string,
            case .bulk(let record)? = try await access.read([Command("GET", manager.keys.prefix + "transaction:" + id)])
                .first,
            let created = (try? JSONDocument(parsing: record).root)?["created_at"]?.string.flatMap({ Timestamp($0) })
        else { return nil }
        return now() - created
    }

    /// How many pending transactions have no element in the queue any more, so that nothing will ever apply them: another
    /// program deleted it. Other programs reach only a shared keyspace.
    func missingFromQueue() async -> Int64 {
        let commands = [
            Command("LLEN", manager.keys.transactionBuffer),
            Command("HMGET", manager.keys.counters, "pending", "parked"),
        ]
        guard access.keyspace.isShared, let replies = try? await access.snapshot(commands), replies.count == 2,
            case .integer(let queued) = replies[0], case .array(let counts) = replies[1]
        else { return 0 }
        let numbers = counts.map { count in
            guard case .bulk(let bytes) = count else { return Int64(0) }
            return Int64(String(decoding: bytes, as: UTF8.self)) ?? 0
        }
        return max(0, numbers[0] - numbers[1] - queued)
    }

    /// What `session.open` tells.
    var description: ServerDescription {
        ServerDescription(
            name: "sluice", version: Daemon.version,
            limits: [
                "frame_bytes_max": .integer(Int64(configuration.socket.frameBytesMax)),
                "connections_max": .integer(Int64(configuration.socket.connectionsMax)),
                "in_flight_max": .integer(Int64(configuration.socket.inFlightMax)),
                "waiting_max": .integer(Int64(configuration.waitingMax)),
            ], capabilities: RequestDispatcher.methodNames)
    }
}

extension Duration {
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
}
