// SPDX-License-Identifier: MIT
import Keyspace
import MainDatabase
import Synchronization
import TransactionBuffering
import TransactionModel

/// Brings claims to their outcomes in several lanes, and claims more while lanes run, until nothing is left.
///
/// Each batch is a child task; this task alone decides (``LaneScheduler``) and plans. An outage, a lost lease or a pause
/// ends it: the batches at hand get their outcome, what has none is returned.
struct LaneRun {
    private enum Event: Sendable {
        case finished(lane: Int, Result<BatchRun.Outcome, any Error>)
        /// Something was accepted.
        case woken
        case ticked
    }

    private let processor: BackgroundProcessor
    private let lease: Lease
    private let batches: BatchRun
    private var scheduler: LaneScheduler
    private var failure: (any Error)?
    private var isEnding = false
    /// There may be something to claim that the last claim did not find.
    private var mayHaveMore = true
    private var listens = false
    private var ticks = false
    private var tick: Duration
    /// In failed batches, or in a plan that failed.
    private var unsettled: [TransactionID] = []

    init(_ processor: BackgroundProcessor, _ lease: Lease) {
        self.processor = processor
        self.lease = lease
        batches = BatchRun(processor, lease)
        let configuration = processor.configuration
        scheduler = LaneScheduler(
            lanesMax: processor.lanes, transactionsMax: configuration.batchTransactionsMax,
            bytesMax: configuration.batchBytesMax)
        tick = Self.tick(configuration, due: nil)
    }

    /// Throws `DatabaseError` on an outage, or `BufferingError`.
    mutating func run(_ works: [Work]) async throws {
        var works = works
        await withTaskGroup(of: Event.self) { group in
            while true {
                await admit(works)
                start(&group)
                works = await claim()
                if !works.isEmpty { continue }
                guard scheduler.isBusy else { break }
                wait(&group)
                guard let event = await group.next() else { break }
                await handle(event)
            }
            group.cancelAll()
        }
        await giveBack()
        if let failure { throw failure }
    }

    // MARK: Works come

    /// Parks what conflicts with held keys; the rest waits for a lane.
    private mutating func admit(_ works: [Work], behind failed: HeldKeys = HeldKeys()) async {
        guard !works.isEmpty else { return }
        do {
            scheduler.add(try await batches.plan(works, needsKeys: true, behind: failed))
            // Not those of a claim that failed half-way: these are given back.
            let planned = Set(works.map(\.id))
            processor.unsettled.withLock { $0.removeAll { planned.contains($0) } }
        } catch {
            end(error)
            unsettled += works.map(\.id)
        }
    }

    private mutating func claim() async -> [Work] {
        endIfToldTo()
        guard !isEnding, mayHaveMore, scheduler.hasRoom else { return [] }
        do {
            let works = try await processor.claim(lease)
            mayHaveMore = !works.isEmpty
            return works
        } catch {
            end(error)
            return []
        }
    }

    // MARK: Works run

    private mutating func start(_ group: inout TaskGroup<Event>) {
        endIfToldTo()
        guard !isEnding else { return }
        for batch in scheduler.start() {
            let batches = batches
            group.addTask {
                do {
                    let outcome = try await batches.apply(batch.works, oldestElsewhere: batch.oldestElsewhere)
                    return .finished(lane: batch.lane, .success(outcome))
                } catch {
                    return .finished(lane: batch.lane, .failure(error))
                }
            }
        }
    }

    /// Beside the lanes: for the next accept while there is room, and for the time.
    private mutating func wait(_ group: inout TaskGroup<Event>) {
        guard !isEnding else { return }
        let processor = processor
        if !listens, scheduler.hasRoom {
            listens = true
            group.addTask {
                await processor.wakeSignal.wait()
                return .woken
            }
        }
        if !ticks {
            ticks = true
            let (clock, duration) = (processor.clock, tick)
            group.addTask {
                try? await clock.sleep(for: duration)
                return .ticked
            }
        }
    }

    private mutating func handle(_ event: Event) async {
        switch event {
        case .woken:
            listens = false
            mayHaveMore = true
        case .ticked:
            ticks = false
            mayHaveMore = true
            await keepTime()
        case .finished(let lane, .success(let outcome)):
            mayHaveMore = true
            scheduler.finished(lane, again: outcome.waiting)
            processor.state.withLock { $0.progressed(at: processor.now()) }
            // Keys are held that were free when those that wait were planned.
            if !outcome.held.isEmpty { await admit(scheduler.takeWaiting(), behind: outcome.held) }
        case .finished(let lane, .failure(let error)):
            end(error)
            unsettled += scheduler.abandoned(lane)
        }
    }

    /// The lease lives on, and retries whose time has come are claimed with the next ones.
    private mutating func keepTime() async {
        guard !isEnding else { return }
        do {
            if case .ours(let ours) = try await processor.keepLease(), ours == lease {
                tick = Self.tick(processor.configuration, due: try await processor.releaseDue())
            } else {
                isEnding = true
            }
        } catch {
            end(error)
        }
    }

    private static func tick(_ configuration: ProcessorConfiguration, due: Duration?) -> Duration {
        let longest = min(configuration.interval, configuration.leaseTimeToLive / 3)
        return min(due ?? longest, longest)
    }

    // MARK: The end

    /// A pause or a stop: the batches at hand are finished, nothing is begun.
    private mutating func endIfToldTo() {
        if processor.state.withLock({ $0.next() }) != .cycle { isEnding = true }
    }

    private mutating func end(_ error: any Error) {
        isEnding = true
        // Who lost the lease must know it, whatever else went wrong.
        let isFenced = (error as? DatabaseError)?.category == .fenced
        if failure == nil || isFenced { failure = error }
    }

    /// What was claimed and never begun.
    private mutating func giveBack() async {
        let waiting = scheduler.takeWaiting().map(\.id)
        if !waiting.isEmpty {
            do {
                _ = try await processor.manager.advance(waiting.map { .returned($0) }, token: lease.token)
            } catch {
                end(error)
                unsettled += waiting
            }
        }
        let left = unsettled
        processor.unsettled.withLock { $0 += left }
    }
}
