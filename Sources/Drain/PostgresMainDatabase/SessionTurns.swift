// SPDX-License-Identifier: MIT
#if Postgres

/// Who uses which session, who waits in line, and which calls are no longer wanted: so that an interrupt hits the call
/// that it is meant for and no other. Pure.
struct SessionTurns<Waiter> {
    private var free: [Int]
    private var waiting: [Waiter] = []
    private var nextTurn = 0
    private var running: [Int: Int] = [:]
    private var unwanted: Set<Int> = []
    private(set) var isClosed = false

    init(sessions: Int) { free = Array((0..<sessions).reversed()) }

    mutating func enter() -> Int {
        nextTurn += 1
        return nextTurn
    }

    /// A free session, the one used last first; nil: none is, and the waiter is in line.
    mutating func acquire(_ waiter: Waiter) -> Int? {
        guard let session = free.popLast() else {
            waiting.append(waiter)
            return nil
        }
        return session
    }

    /// Who gets the session now; nil: it is free.
    mutating func release(_ session: Int) -> Waiter? {
        guard !waiting.isEmpty else {
            free.append(session)
            return nil
        }
        return waiting.removeFirst()
    }

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
