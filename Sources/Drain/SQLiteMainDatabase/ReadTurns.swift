// SPDX-License-Identifier: MIT

/// Which reads wait for the thread, which one runs, and which are no longer wanted: so that an interrupt hits the
/// read that it is meant for and no other.
struct ReadTurns {
    private var nextTurn = 0
    private var running: Int?
    private var unwanted: Set<Int> = []
    private(set) var isClosed = false
    /// The one that runs is no longer wanted.
    private(set) var isInterrupted = false

    mutating func enter() -> Int {
        nextTurn += 1
        return nextTurn
    }

    /// The thread comes to it. False: it is not wanted any more.
    mutating func begin(_ turn: Int) -> Bool {
        guard !isClosed, unwanted.remove(turn) == nil else { return false }
        running = turn
        isInterrupted = false
        return true
    }

    mutating func end(_ turn: Int) {
        if running == turn { running = nil }
        unwanted.remove(turn)
    }

    /// True: it runs and must be interrupted. Not to be called after ``end(_:)`` of a turn.
    mutating func cancel(_ turn: Int) -> Bool {
        guard running != turn else {
            isInterrupted = true
            return true
        }
        unwanted.insert(turn)
        return false
    }

    /// True: one runs and must be interrupted. None begins any more.
    mutating func close() -> Bool {
        isClosed = true
        isInterrupted = true
        return running != nil
    }
}
