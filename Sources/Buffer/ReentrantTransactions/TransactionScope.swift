// SPDX-License-Identifier: MIT
import Keyspace
import Synchronization

/// One open block: what tasks, handles and futures hold of it. Closed once the block has ended.
public final class TransactionScope: Sendable {
    public let kind: BlockKind

    private let route: ConnectionRoute
    private let machine: Mutex<ScopeStateMachine>

    init(_ kind: BlockKind, route: ConnectionRoute, style: ScopeStateMachine.Style = .together, operationsMax: Int) {
        self.kind = kind
        self.route = route
        machine = Mutex(ScopeStateMachine(style: style, operationsMax: operationsMax))
    }

    /// True while the block takes operations.
    public var isOpen: Bool { machine.withLock { $0.isOpen } }

    var count: Int { machine.withLock { $0.count } }

    /// Operations run at once, each on its own.
    var runsOneByOne: Bool { machine.withLock { $0.style == .oneByOne } }

    /// Queues an operation; under the fallback, runs it.
    func queue(_ operation: Operation) async throws -> Future {
        switch machine.withLock({ $0.queue(operation) }) {
        case .queued(let index):
            return Future(of: self, at: index)
        case .perform(let index):
            let reply: Reply
            do {
                reply = try await route.perform(operation)
            } catch {
                machine.withLock { $0.unanswered((error as? KeyspaceError)?.code ?? .unavailable, at: index) }
                throw error
            }
            machine.withLock { $0.answered(reply, at: index) }
            return Future(of: self, at: index)
        case .refuse(let error):
            throw error
        }
    }

    /// Sends the block. What was queued is submitted before the first suspension where the route is shared.
    func commit() async throws -> MultiResult {
        switch machine.withLock({ $0.commit() }) {
        case .send(let operations): try await send(operations)
        case .finish(let result): result
        case .refuse(let error): throw error
        }
    }

    private func send(_ operations: [Operation]) async throws -> MultiResult {
        let execution: Execution
        do {
            // A watched block is sent even when empty: EXEC is what tells whether its keys changed.
            execution = operations.isEmpty && !route.isHeld ? .executed([]) : try await route.send(operations, as: kind)
        } catch let error as KeyspaceError where error.code == .connectionLost && route.isHeld {
            machine.withLock { $0.aborted(.connectionLost) }
            return MultiResult(aborted: .connectionLost)
        } catch {
            machine.withLock { $0.failed((error as? KeyspaceError)?.code ?? .unavailable) }
            throw error
        }
        switch machine.withLock({ $0.executed(execution) }) {
        case .finish(let result): return result
        case .refuse(let error): throw error
        case .outcomeUnknown: throw KeyspaceError.answerMissing
        }
    }

    /// Forgets what was queued and closes the block; nothing after it has ended.
    func discard() { machine.withLock { $0.discard() } }

    /// The block stays open and will abort for this reason.
    func doom(_ reason: MultiResult.AbortReason) { machine.withLock { $0.doom(reason) } }

    func reply(at index: Int) throws(TransactionError) -> Reply {
        try machine.withLock { machine throws(TransactionError) in try machine.reply(at: index) }
    }

    /// What operations that ran at once were answered; nil for queued ones.
    func resultSoFar(of part: Range<Int>) -> MultiResult? { machine.withLock { $0.resultSoFar(of: part) } }

    func result(of part: Range<Int>) throws(TransactionError) -> MultiResult {
        try machine.withLock { machine throws(TransactionError) in try machine.result(of: part) }
    }
}

extension ConnectionRoute {
    /// The connection was held while the block was open; losing it loses the watched keys.
    fileprivate var isHeld: Bool {
        if case .pinned = self { true } else { false }
    }
}
