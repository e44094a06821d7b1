// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import SeededRandom
import Testing
import TransactionModel

@testable import BackgroundProcessing

/// Random transactions, keys and outcomes, held against what a slow and simple reader of the rules says.
@Suite struct LaneSchedulerPropertyTests {
    @Test(
        "order per key is kept, nothing is lost or done twice, lanes are used, the oldest goes first",
        arguments: 1...60 as ClosedRange<UInt64>)
    func history(seed: UInt64) throws {
        var simulation = try Simulation(seed: seed)
        try simulation.run()
        #expect(simulation.outcomes.count == simulation.works.count, "seed \(seed)")
        #expect(simulation.faults.isEmpty, "seed \(seed): \(simulation.faults.prefix(3))")
        #expect(simulation.scheduler.transactionsInHand == 0 && simulation.scheduler.bytesInHand == 0, "seed \(seed)")
    }

    @Test func `a hot key and the others keep each other from nothing`() throws {
        var scheduler = LaneSchedulerTests.scheduler(lanes: 4, transactions: 8)
        var next = 0
        var ages: [Int64: Int] = [:]
        var oldest = 0
        var hot = 0
        // Lanes end one after the other; three of four new ones want the hot key.
        for round in 0..<2000 {
            while scheduler.hasRoom {
                scheduler.add([try LaneSchedulerTests.work(next, next % 4 == 0 ? "k\(next % 64)" : "hot")])
                ages[Int64(next)] = round
                next += 1
            }
            for batch in scheduler.start() {
                for work in batch.works {
                    let age = round - (ages.removeValue(forKey: work.claimed.sequence) ?? 0)
                    if work.keys[0].name.string == "hot" { hot += 1 } else { oldest = max(oldest, age) }
                }
            }
            scheduler.finished(round % 4, again: [])
        }
        #expect(oldest <= 12, "who shares no hot key waits for a few batches only")
        // One lane takes four rounds, and the hot key is always in one of them.
        #expect(hot >= 2000 / 4, "the hot key goes on all the time")
    }
}

private struct Simulation {
    var random: SeededGenerator
    var scheduler: LaneScheduler
    let works: [Work]
    private let lanes: Int
    private let transactionsMax: Int
    private var added = 0
    private var running: [Int: [Int]] = [:]
    private var inHand = Set<Int>()
    private var waitsForAll = Set<Int>()
    /// By sequence, in the order of the outcomes.
    private(set) var outcomes = Set<Int>()
    private(set) var faults: [String] = []

    init(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        lanes = random.integer(1...6)
        transactionsMax = random.integer(1...12)
        scheduler = LaneScheduler(lanesMax: lanes, transactionsMax: transactionsMax, bytesMax: 1200)
        let names = random.integer(2...30)
        works = try (0..<120).map { sequence in
            var keys: [String] = []
            for name in Set((0..<random.integer(0...4)).map { _ in random.integer(0...names) }) {
                keys.append("k\(name)/\(random.pick(["x", "x", "w", "r", "s", "s"]))")
            }
            return try LaneSchedulerTests.work(
                sequence, keys.joined(separator: " "), claims: random.chance(2) ? BatchPlanner.suspectClaims : 0,
                bytes: random.pick([60, 100, 400, 1500]))
        }
        self.random = random
    }

    mutating func run() throws {
        var steps = 0
        while outcomes.count < works.count {
            steps += 1
            guard steps < 5000 else {
                faults.append("it never ends")
                return
            }
            if scheduler.hasRoom, added < works.count, random.chance(70) || running.isEmpty {
                let count = random.integer(1...transactionsMax)
                let more = works[added..<min(works.count, added + count)]
                scheduler.add(Array(more))
                added += more.count
                inHand.formUnion(more.map(Self.number))
            }
            start()
            if let lane = running.keys.sorted().randomElement(using: &random), random.chance(80) { finish(lane) }
        }
    }

    static func number(_ work: Work) -> Int { Int(work.claimed.sequence) }

    private func conflict(_ a: Int, _ b: Int) -> Bool {
        works[a].keys.contains { key in works[b].keys.contains { key.conflicts(with: $0) } }
    }

    private var inLanes: Set<Int> { Set(running.values.joined()) }

    /// By the rules, one by one.
    private var ready: [Int] {
        let inLanes = inLanes
        if inLanes.contains(where: { works[$0].runsAlone }) { return [] }
        return inHand.subtracting(inLanes).sorted().filter { number in
            let earlier = inHand.filter { $0 < number }
            if works[number].runsAlone { return earlier.isEmpty && inLanes.isEmpty }
            if waitsForAll.contains(number) { return earlier.isEmpty }
            if earlier.contains(where: { works[$0].runsAlone }) { return false }
            return !inLanes.contains { conflict($0, number) } && !earlier.contains { conflict($0, number) }
        }
    }

    private mutating func start() {
        for (place, batch) in scheduler.start().enumerated() {
            let ready = ready
            let numbers = batch.works.map(Self.number)
            let bytes = batch.works.reduce(0) { $0 + $1.claimed.payload.count }
            check(!numbers.isEmpty && numbers.count <= transactionsMax, "a batch of \(numbers.count)")
            check(numbers.count == 1 || bytes <= 1200, "a batch of \(bytes) bytes")
            check(running[batch.lane] == nil && batch.lane < lanes, "lane \(batch.lane) is busy")
            check(numbers == numbers.sorted() && inHand.isSuperset(of: numbers), "\(numbers) are not in hand, in order")
            check(place > 0 || numbers.first == ready.first, "\(ready.first ?? -1) was ready and is not the first")
            for number in numbers {
                let others = inHand.subtracting(numbers)
                check(!inLanes.contains { conflict($0, number) }, "\(number) runs beside what it conflicts with")
                check(!others.contains { $0 < number && conflict($0, number) }, "\(number) overtakes")
                check(numbers.count == 1 || !works[number].runsAlone, "\(number) does not run alone")
                check(!waitsForAll.contains(number) || !inHand.contains { $0 < number }, "\(number) does not follow")
            }
            check(batch.oldestElsewhere == inHand.subtracting(numbers).min().map(Int64.init), "the oldest elsewhere")
            running[batch.lane] = numbers
        }
        let left = ready
        check(running.count == lanes || left.isEmpty, "a lane is idle although \(left) are ready")
    }

    private mutating func finish(_ lane: Int) {
        let numbers = running.removeValue(forKey: lane) ?? []
        if random.chance(5) {
            // The batch has no outcome at all: what was claimed goes back and comes again.
            let abandoned = scheduler.abandoned(lane).map(\.string)
            check(abandoned == numbers.map(String.init), "who was in lane \(lane)")
            scheduler.add(numbers.map(planned))
            return
        }
        guard random.chance(30), let failed = numbers.randomElement(using: &random) else {
            scheduler.finished(lane, again: [])
            settle(numbers)
            return
        }
        var blocked = [failed]
        for number in numbers where number > failed && blocked.contains(where: { conflict($0, number) }) {
            blocked.append(number)
        }
        settle(numbers.filter { !blocked.contains($0) })
        let hasEarlier = inHand.contains { $0 < failed && !numbers.contains($0) }
        if hasEarlier, random.chance(50) {
            waitsForAll.insert(failed)
        } else {
            settle([failed])
            blocked.removeFirst()
        }
        scheduler.finished(lane, again: blocked.map(planned))
        if outcomes.contains(failed) { park(behind: failed) }
    }

    /// What conflicts with a failed one leaves too, the rest is planned again.
    private mutating func park(behind failed: Int) {
        var holders = [failed]
        var free: [Work] = []
        for work in scheduler.takeWaiting() {
            let number = Self.number(work)
            if holders.contains(where: { conflict($0, number) }) {
                holders.append(number)
                settle([number])
            } else {
                free.append(work)
            }
        }
        scheduler.add(free)
    }

    private func planned(_ number: Int) -> Work {
        var work = works[number]
        work.followsAll = waitsForAll.contains(number)
        return work
    }

    private mutating func settle(_ numbers: [Int]) {
        for number in numbers {
            let isFirst = inHand.remove(number) != nil && outcomes.insert(number).inserted
            check(isFirst, "\(number) has two outcomes")
        }
    }

    private mutating func check(_ condition: Bool, _ fault: @autoclosure () -> String) {
        if !condition { faults.append(fault()) }
    }
}
