// SPDX-License-Identifier: MIT
public import Keyspace
import Synchronization

/// A transaction whose scope is a client's connection instead of a task: begin, commands and commit are requests.
///
/// Commands queue here and travel at commit as one MULTI..EXEC. Requests come one after the other; only ``discard()`` and
/// ``lapse()`` may come at any moment, as a disconnect or a timeout does.
///
///     let client = InteractiveTransaction(core)
///     _ = try await client.begin(watching: [WatchedKey("balance", expecting: .string(Array("5".utf8)))])
///     let future = try await client.perform(.command(Command("SET", "balance", 4)))
///     if case .completed(let result) = try await client.commit(), result.aborted { /* somebody was faster */ }
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
    private let operationsMax: Int
    private let machine = Mutex(InteractiveStateMachine<Block>())

    /// - Parameter operationsMax: Operations of one block; nil: as many as the core allows.
    public init(_ core: TransactionCore, operationsMax: Int? = nil) {
        self.core = core
        self.operationsMax = min(operationsMax ?? .max, core.limits.blockOperationsMax)
    }

    /// 0 when no block is open.
    public var depth: Int { machine.withLock { $0.depth } }

    /// The client is inside a block, or believes so: a block that lapsed counts until the client has heard of it.
    public var isEngaged: Bool { machine.withLock { $0.isEngaged } }

    /// Operations that are queued, or ran, in the open block.
    public var count: Int { machine.withLock { (try? $0.block())?.scope.count } ?? 0 }

    /// Opens a block, or goes one deeper, and answers the depth.
    ///
    /// With `keys` it pins a connection and watches; only the outermost begin may. An unmet expectation aborts at commit.
    /// Throws ``TransactionError`` `operationMode` where the handler blocks (mode `strict`), can't watch, or is not interactive.
    public func begin(watching keys: [WatchedKey] = []) async throws -> Int {
        switch machine.withLock({ $0.begin(watching: !keys.isEmpty) }) {
        case .nested(let depth): return depth
        case .refuse(let error): throw error
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
    ///
    /// Throws ``TransactionError`` `discarded` when the block lapsed.
    public func perform(_ operation: Operation) async throws -> Future {
        guard let block = try openBlock() else { return try await core.perform(operation) }
        return try await block.scope.queue(operation)
    }

    /// Runs `body` inside the open block, if one is: whatever it asks of the core is queued there.
    ///
    /// Throws what `body` throws, and ``TransactionError`` `discarded` when the block lapsed.
    public func within<R>(_ body: () async throws -> R) async throws -> R {
        guard let block = try openBlock() else { return try await body() }
        return try await core.bound(to: block.scope, body)
    }

    /// Something the client meant to be in the block could not be queued: the outermost commit runs nothing and throws
    /// `discarded` with the refusal `EXECABORT`, as Redis does. Nothing where operations run one by one.
    public func markIncomplete() {
        machine.withLock { machine in
            if let block = try? machine.block(), !block.scope.runsOneByOne { machine.incomplete() }
        }
    }

    /// Discards the open block because its time is over. The client hears of it with its next request.
    public func lapse() async {
        if let block = machine.withLock({ $0.lapse() }) { await giveUp(block) }
    }

    /// Closes the innermost begin; at the outermost it sends the block.
    ///
    /// Throws ``TransactionError``: `operationMode` when nothing is open, `discarded` when the block lapsed or is incomplete.
    public func commit() async throws -> Commit {
        switch machine.withLock({ $0.commit() }) {
        case .nested(let depth): return .nested(depth: depth)
        case .refuse(let error): throw error
        case .abandon(let block):
            await giveUp(block)
            throw TransactionError.incomplete
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
                let scope = try await core.watchingScope(keys, on: connection, operationsMax: operationsMax)
                return Block(scope: scope, held: Held(connection: connection, source: source))
            } catch {
                await source.giveBack(connection)
                throw error
            }
        }
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

    private func openBlock() throws(TransactionError) -> Block? {
        try machine.withLock { machine throws(TransactionError) in try machine.block() }
    }

    private func giveUp(_ block: Block) async {
        block.scope.discard()
        guard let held = block.held else { return }
        await held.connection.unwatchOrClose()
        await held.source.giveBack(held.connection)
    }
}
