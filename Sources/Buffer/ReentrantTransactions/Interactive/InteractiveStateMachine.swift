// SPDX-License-Identifier: MIT

/// Begin, commit and discard of a client that sends them one by one: how deep it is, and which of them opens and ends.
struct InteractiveStateMachine<Block: Sendable>: Sendable {
    private enum State: Sendable {
        case idle
        /// The block is being opened; `attempt` tells whether it is still wanted.
        case opening(attempt: Int)
        case open(Block, depth: Int)
    }

    private var state = State.idle
    private var attempts = 0

    init() {}

    var depth: Int {
        switch state {
        case .idle, .opening: 0
        case .open(_, let depth): depth
        }
    }

    var block: Block? {
        switch state {
        case .idle, .opening: nil
        case .open(let block, _): block
        }
    }

    enum BeginAction: Sendable, Hashable {
        /// Open a block and report with ``opened(_:attempt:)`` or ``openFailed(attempt:)``.
        case open(attempt: Int)
        case nested(depth: Int)
        /// WATCH inside a block, or a begin before the last one was answered.
        case refuse
    }

    mutating func begin(watching: Bool) -> BeginAction {
        switch state {
        case .idle:
            attempts += 1
            state = .opening(attempt: attempts)
            return .open(attempt: attempts)
        case .opening:
            return .refuse
        case .open(let block, let depth):
            if watching { return .refuse }
            state = .open(block, depth: depth + 1)
            return .nested(depth: depth + 1)
        }
    }

    /// False when the block was discarded while it was being opened: give it up.
    mutating func opened(_ block: Block, attempt: Int) -> Bool {
        guard case .opening(attempt) = state else { return false }
        state = .open(block, depth: 1)
        return true
    }

    mutating func openFailed(attempt: Int) {
        if case .opening(attempt) = state { state = .idle }
    }

    enum CommitAction: Sendable {
        case nested(depth: Int)
        case commit(Block)
        /// Nothing is open.
        case refuse
    }

    mutating func commit() -> CommitAction {
        switch state {
        case .idle, .opening:
            return .refuse
        case .open(let block, let depth) where depth > 1:
            state = .open(block, depth: depth - 1)
            return .nested(depth: depth - 1)
        case .open(let block, _):
            state = .idle
            return .commit(block)
        }
    }

    /// Discards at any depth: the block to give up, if one was open.
    mutating func discard() -> Block? {
        defer { state = .idle }
        return block
    }
}
