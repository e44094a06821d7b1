// SPDX-License-Identifier: MIT
public import Keyspace
import Synchronization

/// A transaction whose scope is a client's connection instead of a task: begin, commands and commit are requests.
///
/// Commands queue here and travel at commit as one MULTI..EXEC. Requests come one after the other; only ``discard()`` may
/// come at any moment, as a disconnect or a timeout does.
public final class InteractiveTransaction: Sendable {
    /// What became of a commit.
    public enum Commit: Sendable, Equatable {
        /// An inner begin was closed; the block is still open.
        case nested(depth: Int)
        case completed(MultiResult)
    }

    private struct Block: Sendable {
        let scope: TransactionScope
        /// The connection that watches, pinned until the end.
        var held: Held?
    }

    private struct Held: Sendable {
        let connection: any KeyspaceConnection
        let source: any ConnectionSource
    }

    private let core: TransactionCore
    private let machine = Mutex(InteractiveStateMachine<Block>())

    public init(_ core: TransactionCore) { self.core = core }

    /// 0 when no block is open.
    public var depth: Int { machine.withLock { $0.depth } }

    /// Opens a block, or goes one deeper, and answers the depth.
    ///
    /// With `keys` it pins a connection and watches; only the outermost begin may. An unmet expectation aborts at commit.
    /// Throws ``TransactionError`` `operationMode` where the handler blocks (mode `strict`), can't watch, or is not interactive.
    public func begin(watching keys: [WatchedKey] = []) async throws -> Int {
        switch machine.withLock({ $0.begin(watching: !keys.isEmpty) }) {
        case .nested(let depth): return depth
        case .refuse: throw TransactionError.tooLateToWatch
        case .open(let attempt):
            do {
                let block = try await open(watching: keys)
                if machine.withLock({ $0.opened(block, attempt: attempt) }) { return 1 }
                await giveUp(block)
                throw TransactionError.closed
            } catch {
                machine.withLock { $0.openFailed(attempt: attempt) }
                throw error
            }
        }
    }

    /// Queues an operation in the open block, or runs it at once when none is open.
    public func perform(_ operation: Operation) async throws -> Future {
        guard let block = machine.withLock({ $0.block }) else { return try await core.perform(operation) }
        return try await block.scope.queue(operation)
    }

    /// Runs `body` inside the open block, if one is: whatever it asks of the core is queued there.
    public func within<R>(_ body: () async throws -> R) async rethrows -> R {
        guard let block = machine.withLock({ $0.block }) else { return try await body() }
        return try await core.bound(to: block.scope, body)
    }

    /// Closes the innermost begin; at the outermost it sends the block.
    public func commit() async throws -> Commit {
        switch machine.withLock({ $0.commit() }) {
        case .nested(let depth): return .nested(depth: depth)
        case .refuse: throw TransactionError(.operationMode, "No transaction is open; begin one first.")
        case .commit(let block):
            guard let held = block.held else { return .completed(try await block.scope.commit()) }
            do {
                let result = try await core.commit(watching: block.scope, on: held.connection)
                await held.source.giveBack(held.connection)
                return .completed(result)
            } catch {
                await giveUp(block)
                throw error
            }
        }
    }

    /// Discards everything, at any depth. Nothing happens when no block is open.
    public func discard() async {
        if let block = machine.withLock({ $0.discard() }) { await giveUp(block) }
    }

    private func open(watching keys: [WatchedKey]) async throws -> Block {
        if let handler = core.resolve(watching: !keys.isEmpty)?.handler, !handler.capabilities.interactive {
            throw TransactionError(.operationMode, "\(handler.name) sends whole blocks; it can't keep one open.")
        }
        if !keys.isEmpty {
            let source = try core.watchingConnections()
            let connection = try await source.checkout()
            do {
                let scope = try await core.watchingScope(keys, on: connection)
                return Block(scope: scope, held: Held(connection: connection, source: source))
            } catch {
                await source.giveBack(connection)
                throw error
            }
        }
        let operationsMax = core.limits.blockOperationsMax
        switch try core.open(.transaction) {
        case .send(let route):
            return Block(scope: TransactionScope(.transaction, route: route, operationsMax: operationsMax))
        case .oneByOne(let route):
            return Block(
                scope: TransactionScope(.transaction, route: route, style: .oneByOne, operationsMax: operationsMax))
        case .join:
            throw TransactionError(.operationMode, "A client's transaction can't be opened inside a block.")
        }
    }

    private func giveUp(_ block: Block) async {
        block.scope.discard()
        guard let held = block.held else { return }
        await held.connection.unwatchOrClose()
        await held.source.giveBack(held.connection)
    }
}
