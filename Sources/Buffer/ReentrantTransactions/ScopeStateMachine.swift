// SPDX-License-Identifier: MIT
import Keyspace

/// The life of one block: open, sent, ended. No await, no clock; ``TransactionScope`` performs what it decides.
struct ScopeStateMachine: Sendable {
    /// How the operations of a block run.
    enum Style: Sendable, Hashable {
        /// Queued, and sent as one at the end.
        case together
        /// At once, each on its own: the fallback where a handler blocks.
        case oneByOne
    }

    /// How a block ended.
    enum Ending: Sendable, Equatable {
        case executed([Reply])
        case aborted(MultiResult.AbortReason)
        case discarded
        case failed(KeyspaceError.Code)
        case refused(TransactionError)
    }

    private enum State: Sendable {
        case open
        /// Open, and EXEC will not be sent.
        case doomed(MultiResult.AbortReason)
        case sent
        case ended(Ending)
    }

    let style: Style
    let operationsMax: Int
    private var state = State.open
    private var operations: [Operation] = []
    /// One by one: what was answered so far; nil while an operation is on its way.
    private var answers: [Reply?] = []
    /// One by one: what the store could not answer.
    private var unanswered: [Int: KeyspaceError.Code] = [:]

    init(style: Style, operationsMax: Int) {
        self.style = style
        self.operationsMax = operationsMax
    }

    /// True until the block is sent, discarded or ended.
    var isOpen: Bool {
        switch state {
        case .open, .doomed: true
        case .sent, .ended: false
        }
    }

    /// How many operations were queued or run so far.
    var count: Int {
        switch style {
        case .together: operations.count
        case .oneByOne: answers.count
        }
    }

    // MARK: Operations

    enum QueueAction: Sendable, Hashable {
        case queued(index: Int)
        /// Run it now and report with ``answered(_:at:)``.
        case perform(index: Int)
        case refuse(TransactionError)
    }

    mutating func queue(_ operation: Operation) -> QueueAction {
        guard isOpen else { return .refuse(.closed) }
        guard count < operationsMax else { return .refuse(.full(operationsMax)) }
        switch style {
        case .together:
            operations.append(operation)
            return .queued(index: operations.count - 1)
        case .oneByOne:
            answers.append(nil)
            return .perform(index: answers.count - 1)
        }
    }

    /// An operation that ran on its own was answered. Counts after the end too: it did run.
    mutating func answered(_ reply: Reply, at index: Int) {
        answers[index] = reply
    }

    /// An operation that was to run on its own was not answered: the block's result has an error in its place.
    mutating func unanswered(_ code: KeyspaceError.Code, at index: Int) {
        unanswered[index] = code
    }

    // MARK: The end

    /// The watched keys are lost or not as expected: the block stays open and will abort.
    mutating func doom(_ reason: MultiResult.AbortReason) {
        if case .open = state { state = .doomed(reason) }
    }

    enum CommitAction: Sendable {
        /// Send the operations as one and report with ``executed(_:)`` or ``failed(_:)``.
        case send([Operation])
        /// Nothing is to be sent.
        case finish(MultiResult)
        case refuse(TransactionError)
    }

    mutating func commit() -> CommitAction {
        switch (state, style) {
        case (.open, .together):
            state = .sent
            return .send(operations)
        case (.open, .oneByOne):
            let replies = answers.enumerated().map { index, answer in
                answer ?? .error(.unanswered(unanswered[index] ?? .outcomeUnknown))
            }
            end(.executed(replies))
            return .finish(MultiResult(replies))
        case (.doomed(let reason), _):
            end(.aborted(reason))
            return .finish(MultiResult(aborted: reason))
        case (.sent, _), (.ended, _):
            return .refuse(.closed)
        }
    }

    enum FinishAction: Sendable, Equatable {
        case finish(MultiResult)
        /// The store refused the block as a whole.
        case refuse(TransactionError)
        /// The store answered something else than was asked: nobody knows what ran.
        case outcomeUnknown
    }

    mutating func executed(_ execution: Execution) -> FinishAction {
        guard case .sent = state else { preconditionFailure("a block is answered once, after it was sent") }
        let action = Self.judge(execution, of: operations.count)
        switch action {
        case .finish(let result): end(result.abortReason.map { .aborted($0) } ?? .executed(result.replies))
        case .refuse(let error): end(.refused(error))
        case .outcomeUnknown: end(.failed(.outcomeUnknown))
        }
        return action
    }

    /// What an execution of `count` operations means. An empty answer to a block that was not empty is never a success.
    static func judge(_ execution: Execution, of count: Int) -> FinishAction {
        switch execution {
        case .executed(let replies): replies.count == count ? .finish(MultiResult(replies)) : .outcomeUnknown
        case .aborted: .finish(MultiResult(aborted: .watchedKeyChanged))
        case .refused(let index, let error): .refuse(.refused(index, error))
        }
    }

    /// The block was sent and the store could not answer.
    mutating func failed(_ code: KeyspaceError.Code) {
        end(.failed(code))
    }

    /// The connection was lost before EXEC was: nothing ran.
    mutating func aborted(_ reason: MultiResult.AbortReason) {
        end(.aborted(reason))
    }

    /// Forgets everything that was queued; nothing once the block was sent.
    mutating func discard() {
        if isOpen { end(.discarded) }
    }

    private mutating func end(_ ending: Ending) {
        state = .ended(ending)
        operations = []
    }

    // MARK: Futures

    /// What is known of the operation at `index`.
    func reply(at index: Int) throws(TransactionError) -> Reply {
        if style == .oneByOne {
            if let answer = answers[index] { return answer }
            throw unanswered[index].map { .failed($0) } ?? .unresolved
        }
        return try replies()[index]
    }

    /// The replies of the whole block.
    func replies() throws(TransactionError) -> [Reply] {
        switch state {
        case .open, .doomed, .sent: throw .unresolved
        case .ended(.executed(let replies)): return replies
        case .ended(.aborted): throw TransactionError(.aborted, "The transaction was aborted; nothing ran.")
        case .ended(.discarded): throw TransactionError(.discarded, "The block was discarded; nothing ran.")
        case .ended(.failed(let code)): throw .failed(code)
        case .ended(.refused(let error)): throw error
        }
    }

    /// The result of operations that ran one by one, known before the block has ended; nil for queued ones.
    func resultSoFar(of part: Range<Int>) -> MultiResult? {
        guard style == .oneByOne else { return nil }
        let replies = answers[part].compactMap { $0 }
        return replies.count == part.count ? MultiResult(replies) : nil
    }

    /// The result of a part of the block.
    func result(of part: Range<Int>) throws(TransactionError) -> MultiResult {
        if case .ended(.aborted(let reason)) = state { return MultiResult(aborted: reason) }
        return MultiResult(Array(try replies()[part]))
    }
}

extension CommandError {
    /// In place of the reply that the store did not give to a command which was to run on its own.
    fileprivate static func unanswered(_ code: KeyspaceError.Code) -> Self {
        switch code {
        case .outcomeUnknown, .connectionLost:
            CommandError("UNANSWERED", "the store did not answer; whether the command ran is not known")
        case .unavailable, .incompatible, .busy, .full:
            CommandError("UNANSWERED", "the store could not be asked; the command did not run")
        }
    }
}
