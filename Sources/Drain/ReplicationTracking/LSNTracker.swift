// SPDX-License-Identifier: MIT
import Keyspace
public import Logging
public import MainDatabase
public import ServiceLifecycle
import Synchronization
public import TransactionBuffering
public import TransactionModel

/// Follows the replicas, and releases what all of them have: status `replicated`, overlay and caches gone.
///
/// Which transactions wait is kept in `replication_pending` and not here, so a restart forgets nothing.
public final class LSNTracker: Service, PositionTracking {
    private let manager: TransactionManager
    private let access: KeyspaceAccess
    private let replicas: [any DatabaseReader]
    private let configuration: TrackerConfiguration
    private let clock: any Clock<Duration>
    private let logger: Logger
    private let state = Mutex(TrackerStateMachine())

    public init(
        manager: TransactionManager, access: KeyspaceAccess, replicas: [any DatabaseReader],
        configuration: TrackerConfiguration, clock: any Clock<Duration> = ContinuousClock(), logger: Logger
    ) {
        self.manager = manager
        self.access = access
        self.replicas = replicas
        self.configuration = configuration
        self.clock = clock
        self.logger = logger
    }

    /// What waits is read from the keyspace at the next look.
    public func committed(upTo position: Position) {}

    /// The position that every replica had at the last look, and whether nothing has moved for `lsn.timeout`.
    public var progress: (replayed: Position?, isStalled: Bool) {
        state.withLock { ($0.replayed, $0.isStalled(configuration)) }
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            var pause = self.configuration.checkInterval
            while (try? await self.clock.sleep(for: pause)) != nil {
                let look = await self.look()
                pause = self.state.withLock { $0.finished(look, after: pause, self.configuration) }
            }
        }
    }

    private func look() async -> TrackerStateMachine.Look {
        do {
            let keys = manager.keys
            guard try await access.integer("ZCARD", keys.replicationPending) > 0 else { return .nothingWaits }
            guard let position = try await lowestPosition() else { return .failed }
            return .looked(position, released: try await release(upTo: position))
        } catch {
            logger.debug("replicas could not be looked at", metadata: ["error": "\(error)"])
            return .failed
        }
    }

    private func lowestPosition() async throws -> Position? {
        var lowest: Position?
        for replica in replicas {
            let position = try await replica.position()
            lowest = min(lowest ?? position, position)
        }
        return lowest
    }

    private func release(upTo position: Position) async throws(BufferingError) -> Int {
        var released = 0
        while true {
            let ids = try await access.members(
                "ZRANGEBYSCORE", manager.keys.replicationPending, "-inf", "\(position.value)", "LIMIT", 0,
                configuration.releaseMax)
            guard !ids.isEmpty else { return released }
            let count = try await manager.release(ids)
            released += count
            if count == 0 || ids.count < configuration.releaseMax { return released }
        }
    }
}
