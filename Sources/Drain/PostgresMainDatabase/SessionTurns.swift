// SPDX-License-Identifier: MIT
#if Postgres

/// Who uses which session, who waits in line, and which calls are no longer wanted: so that an interrupt hits the call
/// that it is meant for and no other. Pure.
///
/// A session with a living connection goes before one without. When the server has no connection left for us, those that
/// there are must do: another one is asked for now and then, and waited for by nobody.
struct SessionTurns<Waiter> {
    /// A server that had no connection left is asked for one more after so long.
    static var refusalPause: Duration { .seconds(5) }

    /// Free ones, by whether they are connected, the one used last at the end.
    private var connected: [Int] = []
    private var unconnected: [Int]
    /// All that are connected, free or in use, as far as it is known.
    private var living: Set<Int> = []
    private var waiting: [Waiter] = []
    /// Until then those that are connected must do.
    private var refusedUntil: ContinuousClock.Instant?
    private var nextTurn = 0
    private var running: [Int: Int] = [:]
    private var unwanted: Set<Int> = []
    private(set) var isClosed = false

    init(sessions: Int) { unconnected = Array((0..<sessions).reversed()) }

    mutating func enter() -> Int {
        nextTurn += 1
        return nextTurn
    }

    // MARK: Sessions

    /// A free session, the connected one used last first; nil: the waiter is in line.
    mutating func acquire(_ waiter: Waiter, at time: ContinuousClock.Instant) -> Int? {
        guard let session = take(at: time) else {
            waiting.append(waiter)
            return nil
        }
        return session
    }

    /// Who gets which session now.
    mutating func release(
        _ session: Int, isConnected: Bool, at time: ContinuousClock.Instant
    ) -> [(waiter: Waiter, session: Int)] {
        if isConnected {
            // There is room again, or there was none to be missed.
            if living.insert(session).inserted { refusedUntil = nil }
            connected.append(session)
        } else {
            living.remove(session)
            unconnected.append(session)
        }
        var handed: [(Waiter, Int)] = []
        while !waiting.isEmpty, let session = take(at: time) { handed.append((waiting.removeFirst(), session)) }
        return handed
    }

    /// The server had no connection left for one of them. True: there are others to wait for.
    mutating func refused(at time: ContinuousClock.Instant) -> Bool {
        refusedUntil = time + Self.refusalPause
        return !living.isEmpty
    }

    /// Free ones that are connected, to be closed and released.
    mutating func takeIdle() -> [Int] {
        defer { connected = [] }
        return connected
    }

    private mutating func take(at time: ContinuousClock.Instant) -> Int? {
        if let session = connected.popLast() { return session }
        if let until = refusedUntil, !living.isEmpty {
            guard time >= until, !unconnected.isEmpty else { return nil }
            // One at a time.
            refusedUntil = time + Self.refusalPause
        }
        return unconnected.popLast()
    }

    // MARK: Calls

    /// The session's thread comes to the call. False: it is not wanted any more.
    mutating func begin(_ turn: Int, on session: Int) -> Bool {
        guard !isClosed, unwanted.remove(turn) == nil else { return false }
        running[session] = turn
        return true
    }

    mutating func end(_ turn: Int, on session: Int) {
        if running[session] == turn { running[session] = nil }
        unwanted.remove(turn)
    }

    /// The session that runs it and must be interrupted; nil: it has not begun, and never will.
    mutating func cancel(_ turn: Int) -> Int? {
        if let session = running.first(where: { $0.value == turn })?.key { return session }
        unwanted.insert(turn)
        return nil
    }

    /// The sessions that run something. None begins any more.
    mutating func close() -> [Int] {
        isClosed = true
        return Array(running.keys)
    }
}
#endif
