// SPDX-License-Identifier: MIT
import Histogram
import NIOCore
import SluiceClient

/// What all connections of a load share. It lives on one thread, so nothing in it is locked.
final class BenchLoad {
    /// Latencies above are counted as this: 2 minutes.
    private static let latencyMax: UInt64 = 120_000_000_000

    let template: BenchTemplate
    /// Requests to make; nil: as many as fit into the time.
    private let count: Int?
    private let duration: TimeAmount?
    /// Every request was made and answered, or nobody is left to answer.
    private(set) var isOver = false
    /// Slots that were told to come back later.
    private var paused: [(connection: BenchConnection, slot: Int, until: NIODeadline)] = []

    private var endsAt = NIODeadline.distantFuture
    private var connections = 0
    private(set) var started = 0
    private(set) var outstanding = 0
    private(set) var succeeded = 0
    private(set) var errors: [String: Int] = [:]
    private(set) var startedAt = NIODeadline.now()
    private(set) var lastReplyAt = NIODeadline.now()
    private(set) var latencies = Histogram<UInt32>(
        lowestDiscernibleValue: 1, highestTrackableValue: BenchLoad.latencyMax, numberOfSignificantValueDigits: .three)
    private var random = SplitMix(seed: UInt64.random(in: .min ... .max))

    init(template: BenchTemplate, count: Int?, duration: TimeAmount?) {
        self.template = template
        self.count = count
        self.duration = duration
    }

    func begin(connections: Int) {
        self.connections = connections
        startedAt = .now()
        if let duration { endsAt = startedAt + duration }
    }

    /// Appends a request, or nothing when the load has been made.
    func start(slot: Int, to buffer: inout ByteBuffer, now: NIODeadline, milliseconds: UInt64) -> Bool {
        guard now < endsAt, started < count ?? .max else { return false }
        started += 1
        outstanding += 1
        template.append(to: &buffer, slot: slot, milliseconds: milliseconds, random: (random.next(), random.next()))
        return true
    }

    func succeeded(after latency: TimeAmount, now: NIODeadline) {
        latencies.record(min(UInt64(max(1, latency.nanoseconds)), Self.latencyMax))
        succeeded += 1
        outstanding -= 1
        lastReplyAt = now
    }

    func failed(_ kind: String, now: NIODeadline) {
        errors[kind, default: 0] += 1
        outstanding -= 1
        lastReplyAt = now
    }

    /// An error that is nobody's reply.
    func note(_ kind: String) {
        errors[kind, default: 0] += 1
    }

    /// A connection is gone, with so many requests unanswered.
    func lostConnection(unanswered: Int) {
        connections -= 1
        outstanding -= unanswered
        if unanswered > 0 { errors["connection_lost", default: 0] += unanswered }
        checkEnd()
    }

    func pause(_ connection: BenchConnection, slot: Int, until: NIODeadline) {
        paused.append((connection, slot, until))
    }

    /// When something is to be done though no reply comes.
    var nextEvent: NIODeadline { paused.reduce(endsAt) { min($0, $1.until) } }

    /// After each batch of replies: those whose pause is over go on.
    func resume() {
        if !paused.isEmpty {
            let now = NIODeadline.now()
            let due = paused.filter { $0.until <= now }
            paused.removeAll { $0.until <= now }
            for pause in due { pause.connection.restart(pause.slot) }
        }
        checkEnd()
    }

    private func checkEnd() {
        guard outstanding == 0 else { return }
        if connections == 0 || NIODeadline.now() >= endsAt || started >= count ?? .max { isOver = true }
    }
}

/// SplitMix64: transaction_ids must differ, not be unguessable, and cost next to nothing.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
