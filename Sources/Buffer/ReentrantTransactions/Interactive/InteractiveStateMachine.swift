// SPDX-License-Identifier: MIT

/// Begin, commit and discard of a client that sends them one by one: how deep it is, and which of them opens and ends.
struct InteractiveStateMachine<Block: Sendable>: Sendable {
    private enum State: Sendable {
        case idle
        /// The block is being opened; `attempt` tells whether it is still wanted.
        case opening(attempt: Int)
        /// `isIncomplete`: something that was meant to be in the block is not; it must not be sent.
        case open(Block, depth: Int, isIncomplete: Bool)
        /// The block was given up and the client, which is `depth` begins deep, does not know it yet.
        case lapsed(depth: Int)
    }

    private var state = State.idle
    private var attempts = 0

    init() {}

    var depth: Int {
        switch state {
        case .idle, .opening: 0
        case .open(_, let depth, _), .lapsed(let depth): depth
        }
    }

    /// The client believes itself inside a block.
    var isEngaged: Bool {
        switch state {
        case .idle: false
        case .opening, .open, .lapsed: true
        }
    }

    /// The open block, nil when there is none.
    ///
    /// Throws `discarded` when the client believes in one that is gone: on its own, a request would mean something else.
    func block() throws(TransactionError) -> Block? {
        switch state {
        case .idle, .opening: nil
        case .open(let block, _, _): block
        case .lapsed: throw .lapsed
        }
    }

    enum BeginAction: Sendable, Hashable {
        /// Open a block and report with ``opened(_:attempt:)`` or ``openFailed(attempt:)``.
        case open(attempt: Int)
        case nested(depth: Int)
        /// WATCH inside a block, a begin before the last one was answered, or after the block was given up.
        case refuse(TransactionError)
    }

    mutating func begin(watching: Bool) -> BeginAction {
        switch state {
        case .idle:
            attempts += 1
            state = .opening(attempt: attempts)
            return .open(attempt: attempts)
        case .opening:
            return .refuse(.stillOpening)
        case .open(let block, let depth, let isIncomplete):
            if watching { return .refuse(.tooLateToWatch) }
            state = .open(block, depth: depth + 1, isIncomplete: isIncomplete)
            return .nested(depth: depth + 1)
        case .lapsed:
            return .refuse(.lapsed)
        }
    }

    /// False when the block was discarded while it was being opened: give it up.
    mutating func opened(_ block: Block, attempt: Int) -> Bool {
        guard case .opening(attempt) = state else { return false }
        state = .open(block, depth: 1, isIncomplete: false)
        return true
    }

    mutating func openFailed(attempt: Int) {
        if case .opening(attempt) = state { state = .idle }
    }

    /// Something that was meant to be in the block could not be: commit will send nothing.
    mutating func incomplete() {
        if case .open(let block, let depth, _) = state { state = .open(block, depth: depth, isIncomplete: true) }
    }

    enum CommitAction: Sendable {
        case nested(depth: Int)
        case commit(Block)
        /// Give the block up, and refuse.
        case abandon(Block)
        case refuse(TransactionError)
    }

    mutating func commit() -> CommitAction {
        switch state {
        case .idle, .opening:
            return .refuse(.nothingOpen)
        case .open(let block, let depth, let isIncomplete) where depth > 1:
            state = .open(block, depth: depth - 1, isIncomplete: isIncomplete)
            return .nested(depth: depth - 1)
        case .open(let block, _, let isIncomplete):
            state = .idle
            return isIncomplete ? .abandon(block) : .commit(block)
        case .lapsed(let depth):
            state = depth > 1 ? .lapsed(depth: depth - 1) : .idle
            return .refuse(.lapsed)
        }
    }

    /// Discards at any depth: the block to give up, if one was open.
    mutating func discard() -> Block? {
        defer { state = .idle }
        if case .open(let block, _, _) = state { return block }
        return nil
    }

    /// Discards the block behind the client's back: the block to give up, if one was open.
    mutating func lapse() -> Block? {
        guard case .open(let block, let depth, _) = state else { return nil }
        state = .lapsed(depth: depth)
        return block
    }
}
