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
/// Positions compare only within one timeline. When the main database is found on another one (a replica was promoted in
/// its place), what waits is looked up in its ledger: what it lacks was lost with its predecessor, and returns to the buffer.
public final class LSNTracker: Service, PositionTracking {
    private let manager: TransactionManager
    private let access: KeyspaceAccess
    private let main: any DatabaseReader
    private let replicas: [any DatabaseReader]
    private let configuration: TrackerConfiguration
    private let clock: any Clock<Duration>
    private let logger: Logger
    private let state = Mutex(TrackerStateMachine())
    /// By replica: why it could not be read when it was asked last.
    private let faults: Mutex<[String?]>

    /// - Parameter replicas: Without any, the main database is the one to be looked at.
    public init(
        manager: TransactionManager, access: KeyspaceAccess, main: any DatabaseReader, replicas: [any DatabaseReader],
        configuration: TrackerConfiguration, clock: any Clock<Duration> = ContinuousClock(), logger: Logger
    ) {
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
            let timeline = try await currentTimeline()
            let positions = try await positions()
            guard let lowest = positions.min(by: { $0.value < $1.value }) else { return .failed }
            // A replica that has not followed to the timeline may have what the main database lacks, and the other way round.
            let strays = zip(replicas, positions).filter { $0.1.timeline != timeline }.map(\.0)
            return .looked(lowest, released: try await release(upTo: lowest, unlessMissingIn: strays))
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

    // MARK: Timelines

    /// The main database's timeline, as far as it is known: while it is away, nothing is committed on another one.
    private func currentTimeline() async throws -> UInt32? {
        let known = state.withLock { $0.timeline }
        // A database without timelines never gets one.
        if known == 0 { return known }
        guard let found = try? await main.position().timeline else { return known }
        if found != known {
            try await reconcile(with: found)
            state.withLock { $0.timeline = found }
        }
        return found
    }

    /// Sends what waits and is not in the main database's ledger back to the buffer.
    private func reconcile(with timeline: UInt32) async throws {
        guard timeline != 0 else { return }
        var returned = 0
        var start: Int64 = 0
        while true {
            let ids = try await access.members(
                "ZRANGE", manager.keys.replicationPending, start, start + Int64(configuration.releaseMax) - 1)
            if ids.isEmpty { break }
            let lost = try await missing(ids, in: main)
            if !lost.isEmpty { _ = try await manager.advance(lost.map { .reverted($0) }) }
            returned += lost.count
            start += Int64(ids.count - lost.count)
        }
        guard returned > 0 else { return }
        logger.warning(
            "the main database is on another timeline and lacks transactions that were committed; they are applied again",
            metadata: ["timeline": "\(timeline)", "transactions": "\(returned)"])
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
            guard last.map({ $0 < position }) ?? true else { return state.withLock { $0.remembered = last } }
            let text = "\(position.timeline) \(position.value)"
            _ = try await access.read([Command("SET", manager.keys.releasedPosition, text)])
            state.withLock { $0.remembered = position }
        } catch {
            logger.debug("the released position could not be kept", metadata: ["error": "\(error)"])
        }
    }

    private func release(upTo position: Position, unlessMissingIn strays: [any DatabaseReader]) async throws -> Int {
        var released = 0
        while true {
            var ids = try await access.members(
                "ZRANGEBYSCORE", manager.keys.replicationPending, "-inf", "\(position.value)", "LIMIT", 0,
                configuration.releaseMax)
            let isLast = ids.count < configuration.releaseMax
            for stray in strays where !ids.isEmpty {
                let missing = Set(try await missing(ids, in: stray))
                ids.removeAll { missing.contains($0) }
            }
            guard !ids.isEmpty else { return released }
            await remember(position)
            let count = try await manager.release(ids)
            released += count
            if count == 0 || isLast { return released }
        }
    }
}
