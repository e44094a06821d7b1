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
///
/// Positions compare only within one history (``DatabaseOrigin``). Who applies looks up what waits when the main database is
/// found in another one (a replica was promoted in its place); until then, and for replicas of another one, ledgers decide.
public final class LSNTracker: Service, PositionTracking {
    private let manager: TransactionManager
    private let access: KeyspaceAccess
    private let main: any DatabaseReader
    private let replicas: [any DatabaseReader]
    private let configuration: TrackerConfiguration
    private let standing: @Sendable () -> Reconciliation
    private let clock: any Clock<Duration>
    private let logger: Logger
    private let state = Mutex(TrackerStateMachine())
    /// By replica: why it could not be read when it was asked last.
    private let faults: Mutex<[String?]>

    /// - Parameters:
    ///   - replicas: Without any, the main database is the one to be looked at.
    ///   - standing: Of who applies in this process.
    public init(
        manager: TransactionManager, access: KeyspaceAccess, main: any DatabaseReader, replicas: [any DatabaseReader],
        configuration: TrackerConfiguration, standing: @escaping @Sendable () -> Reconciliation,
        clock: any Clock<Duration> = ContinuousClock(), logger: Logger
    ) {
        self.standing = standing
        self.manager = manager
        self.access = access
        self.main = main
        self.replicas = replicas.isEmpty ? [main] : replicas
        self.configuration = configuration
        self.clock = clock
        self.logger = logger
        faults = Mutex(Array(repeating: nil, count: replicas.count))
    }

    /// What waits is read from the keyspace at the next look.
    public func committed(upTo position: Position) {}

    /// The position that every replica had at the last look, and whether nothing has moved for `lsn.timeout`.
    public var progress: (replayed: Position?, isStalled: Bool) {
        state.withLock { ($0.replayed, $0.isStalled(configuration)) }
    }

    /// In the order of the replicas: why one could not be read when it was asked last; nil: it could.
    public var replicaFaults: [String?] { faults.withLock { $0 } }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            var pause = self.configuration.checkInterval
            while (try? await self.clock.sleep(for: pause)) != nil {
                let look = await self.look(after: pause)
                pause = self.state.withLock { $0.finished(look, after: pause, self.configuration) }
            }
        }
    }

    private func look(after pause: Duration) async -> TrackerStateMachine.Look {
        do {
            guard try await access.integer("ZCARD", manager.keys.replicationPending) > 0 else {
                if !replicaFaults.isEmpty, state.withLock({ $0.asksAnyway(after: pause, configuration) }) {
                    _ = try await positions()
                }
                return .nothingWaits
            }
            let origin = try await origin()
            let positions = try await positions()
            guard let lowest = positions.min() else { return .failed }
            return .looked(lowest, released: try await release(positions, origin))
        } catch {
            logger.debug("replicas could not be looked at", metadata: ["error": "\(error)"])
            return .failed
        }
    }

    private func positions() async throws(DatabaseError) -> [Position] {
        var positions: [Position] = []
        for (index, replica) in replicas.enumerated() {
            do throws(DatabaseError) {
                positions.append(try await replica.position())
                answered(index, nil)
            } catch {
                answered(index, error.message)
                throw error
            }
        }
        return positions
    }

    private func answered(_ index: Int, _ fault: String?) {
        let isNews = faults.withLock { faults in
            // The main database alone is no replica.
            guard faults.indices.contains(index) else { return false }
            defer { faults[index] = fault }
            return (faults[index] == nil) != (fault == nil)
        }
        guard isNews else { return }
        if let fault {
            logger.warning("a replica can't be read", metadata: ["number": "\(index + 1)", "reason": "\(fault)"])
        } else {
            logger.notice("a replica can be read again", metadata: ["number": "\(index + 1)"])
        }
    }

    // MARK: Histories

    /// The history by which positions count; nil: none does at the moment, and ledgers decide.
    private func origin() async throws -> DatabaseOrigin? {
        let known = try await knownOrigin()
        // While the main database is away, nothing is committed in another history.
        let found = try? await main.position().origin
        let origin = TrackerStateMachine.origin(standing(), known: known, found: found)
        state.withLock { $0.counts(by: origin) }
        return origin
    }

    private func knownOrigin() async throws(BufferingError) -> DatabaseOrigin? {
        try await access.value(of: manager.keys.mainOrigin).flatMap {
            DatabaseOrigin(text: String(decoding: $0, as: UTF8.self))
        }
    }

    private func missing(
        _ ids: [TransactionID], in database: any DatabaseReader
    ) async throws(DatabaseError) -> [TransactionID] {
        let ledger = try await database.read { snapshot throws(DatabaseError) in try snapshot.ledger(ids) }
        return ids.filter { ledger[$0] == nil }
    }

    // MARK: Release

    /// Readers of the replicas learn how far these must be, also after a restart, before anything leaves the overlay. At
    /// its memory limit Redis refuses it, and that must not keep it from being emptied.
    private func remember(_ position: Position) async {
        do {
            var last = state.withLock { $0.remembered }
            // A replica that restarted may be behind what was written before this program started.
            if last == nil {
                last = try await access.read([Command("GET", manager.keys.releasedPosition)]).first?.position
            }
            if let last {
                // Who applies mends it when the main database has moved to another system.
                guard last.isComparable(with: position) else { return }
                guard last < position else { return state.withLock { $0.remembered = last } }
            }
            _ = try await access.read([Command("SET", manager.keys.releasedPosition, position.keyspaceText)])
            state.withLock { $0.remembered = position }
        } catch {
            logger.debug("the released position could not be kept", metadata: ["error": "\(error)"])
        }
    }

    /// What every replica has, by its position, or by its ledger where positions do not count.
    private func release(_ positions: [Position], _ origin: DatabaseOrigin?) async throws -> Int {
        // A replica that has not followed to the timeline may have what the main database lacks, and the other way round.
        let strays = zip(replicas, positions).filter { $0.1.origin != origin }.map(\.0)
        let limit = positions.filter { $0.origin == origin }.map(\.value).min()
        var released = 0
        while true {
            var ids = try await access.members(
                "ZRANGEBYSCORE", manager.keys.replicationPending, "-inf", limit.map { "\($0)" } ?? "+inf", "LIMIT", 0,
                configuration.releaseMax)
            let isLast = ids.count < configuration.releaseMax
            for stray in strays where !ids.isEmpty {
                let missing = Set(try await missing(ids, in: stray))
                ids.removeAll { missing.contains($0) }
            }
            guard !ids.isEmpty, try await stillCounts(origin) else { return released }
            // Positions of several systems have no lowest.
            if let lowest = positions.min(), positions.allSatisfy({ $0.system == lowest.system }) {
                await remember(lowest)
            }
            let count = try await manager.release(ids)
            released += count
            if count == 0 || isLast { return released }
        }
    }

    /// Whether what was found waiting was committed in that history, or was looked up in it: after a failover meanwhile it
    /// may have been applied again, and have another position.
    private func stillCounts(_ origin: DatabaseOrigin?) async throws(BufferingError) -> Bool {
        guard let origin else { return true }
        let known = try await knownOrigin()
        return TrackerStateMachine.origin(standing(), known: known, found: origin) == origin
    }
}
