// SPDX-License-Identifier: MIT
import Keyspace
import TransactionModel

/// Decides which of the claimed transactions run now, together, and beside each other. Pure.
///
/// What conflicts keeps its order of acceptance: it shares a batch, in order, or one begins only after the other has its
/// outcome. A lane that is done gets its next batch at once, whatever the others do. A batch begins with the oldest
/// transaction that is ready, and what conflicts with each other goes into one batch as far as it fits, so that it does
/// not keep the other lanes waiting.
struct LaneScheduler: Sendable {
    struct Batch: Sendable {
        var lane: Int
        /// In order of acceptance.
        var works: [Work]
        /// The oldest transaction that was in hand and not in this batch when it began.
        var oldestElsewhere: Int64?
    }

    /// A class because it moves between lists all the time; it never changes.
    private final class Entry: Sendable {
        let work: Work
        let keys: [ConflictSlots.Key]
        let sequence: Int64
        let bytes: Int

        init(_ work: Work, _ keys: [ConflictSlots.Key]) {
            self.work = work
            self.keys = keys
            sequence = work.claimed.sequence
            bytes = work.claimed.payload.count
        }
    }

    let lanesMax: Int
    private let transactionsMax: Int
    private let bytesMax: Int
    private var slots = ConflictSlots()
    /// In order of acceptance.
    private var waiting: [Entry] = []
    /// By lane; empty: idle.
    private var running: [[Entry]]
    private(set) var transactionsInHand = 0
    private var suspectsInHand = 0
    private(set) var bytesInHand = 0

    /// The limits are those of one batch.
    init(lanesMax: Int, transactionsMax: Int, bytesMax: Int) {
        self.lanesMax = lanesMax
        self.transactionsMax = transactionsMax
        self.bytesMax = bytesMax
        running = Array(repeating: [], count: lanesMax)
    }

    var isBusy: Bool { running.contains { !$0.isEmpty } }

    var lanesBusy: Int { running.count { !$0.isEmpty } }

    /// Less than a window is in hand: a full batch for each lane.
    /// One that runs alone leaves room for nobody: what waited behind it claimed would count as unresolved if the process died.
    var hasRoom: Bool {
        suspectsInHand == 0 && transactionsInHand < lanesMax * transactionsMax && bytesInHand < lanesMax * bytesMax
    }

    // MARK: Events

    /// Claimed, with their conflict keys, and free to run as far as held keys are concerned.
    mutating func add(_ works: [Work]) {
        for work in works {
            let entry = Entry(work, slots.take(work.keys))
            transactionsInHand += 1
            bytesInHand += entry.bytes
            if work.runsAlone { suspectsInHand += 1 }
            waiting.append(entry)
        }
        sortWaiting()
    }

    /// Gives back everything that does not run, to be planned again or returned.
    mutating func takeWaiting() -> [Work] {
        let works = waiting.map(\.work)
        for entry in waiting { leave(entry) }
        waiting = []
        return works
    }

    /// A lane's batch has its outcome; `again` of it have none and wait.
    mutating func finished(_ lane: Int, again: [Work]) {
        let done = running[lane]
        running[lane] = []
        let works = Dictionary(again.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        for entry in done {
            if !works.isEmpty, let work = works[entry.work.id] {
                waiting.append(Entry(work, entry.keys))
            } else {
                leave(entry)
            }
        }
        if !again.isEmpty { sortWaiting() }
    }

    /// A lane's batch failed as a whole; who was in it.
    mutating func abandoned(_ lane: Int) -> [TransactionID] {
        let ids = running[lane].map(\.work.id)
        finished(lane, again: [])
        return ids
    }

    /// Gives the idle lanes their batches.
    mutating func start() -> [Batch] {
        var batches: [Batch] = []
        var share: Int?
        while let lane = running.firstIndex(where: \.isEmpty) {
            let ready = ready()
            guard !ready.isEmpty else { break }
            // Not everything for the first that asks: the others will ask too.
            let most = share ?? min(transactionsMax, (ready.count + lanesMax - 1) / lanesMax)
            share = most
            batches.append(begin(choose(ready, most: most), in: lane))
        }
        return batches
    }

    // MARK: Decisions

    /// Places in `waiting` of those that may run now, in one batch or beside each other, as their own conflicts allow.
    private func ready() -> [Int] {
        let oldestRunning = running.compactMap(\.first?.sequence).min()
        if running.contains(where: { $0.first?.work.runsAlone ?? false }) { return [] }
        var blocked = slots.noUses
        for lane in running { for entry in lane { slots.mark(entry.keys, in: &blocked) } }
        var ready: [Int] = []
        for (index, entry) in waiting.enumerated() {
            if entry.work.runsAlone {
                // Those behind it would keep it from being alone for ever.
                return index == 0 && oldestRunning == nil ? [0] : ready
            }
            let hasEarlier = index > 0 || oldestRunning.map { $0 < entry.sequence } ?? false
            if entry.work.followsAll && hasEarlier || slots.conflict(entry.keys, blocked) {
                slots.mark(entry.keys, in: &blocked)
            } else {
                ready.append(index)
            }
        }
        return ready
    }

    /// The oldest with what hangs on it, then the next that fit in whole: the rest of a group would wait for this lane.
    private func choose(_ ready: [Int], most: Int) -> [Int] {
        let groups =
            ready.count > most ? slots.groups(ready.map { waiting[$0].keys }) : [Array(ready.indices)]
        var chosen: [Int] = []
        var bytes = 0
        for group in groups where chosen.count < most {
            var size = bytes
            let sizes = { (member: Int) in waiting[ready[member]].bytes }
            let fitting = group.prefix(most - chosen.count).prefix { member in
                size += sizes(member)
                return size <= bytesMax
            }
            guard chosen.isEmpty || fitting.count == group.count else { continue }
            // However large the very first one is.
            let taken = group.prefix(max(1, fitting.count))
            for member in taken { bytes += sizes(member) }
            chosen += taken.map { ready[$0] }
        }
        return chosen.sorted()
    }

    private mutating func begin(_ chosen: [Int], in lane: Int) -> Batch {
        running[lane] = chosen.map { waiting[$0] }
        var rest: [Entry] = []
        rest.reserveCapacity(waiting.count - chosen.count)
        var next = chosen.startIndex
        for (index, entry) in waiting.enumerated() {
            if next < chosen.endIndex, chosen[next] == index { next += 1 } else { rest.append(entry) }
        }
        waiting = rest
        var elsewhere = running.indices.filter { $0 != lane }.compactMap { running[$0].first?.sequence }
        if let first = waiting.first { elsewhere.append(first.sequence) }
        return Batch(lane: lane, works: running[lane].map(\.work), oldestElsewhere: elsewhere.min())
    }

    private mutating func leave(_ entry: Entry) {
        transactionsInHand -= 1
        if entry.work.runsAlone { suspectsInHand -= 1 }
        bytesInHand -= entry.bytes
        slots.giveBack(entry.keys)
    }

    /// Those that come back from a failed batch, or from parking, may be older than what waits.
    private mutating func sortWaiting() {
        for index in waiting.indices.dropFirst() where waiting[index].sequence < waiting[index - 1].sequence {
            waiting.sort { $0.sequence < $1.sequence }
            return
        }
    }
}
