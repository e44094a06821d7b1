// SPDX-License-Identifier: MIT
import Keyspace
import ReentrantTransactions
import Synchronization
import WireProtocol

/// A client connection's way to the keyspace: the handler it chose, and the transaction it has open.
///
/// Requests come one after the other, which ``OrderKeeper`` sees to; only ``lapse()`` may come at any moment.
final class SessionScope: Sendable {
    private struct State {
        var handler = SessionHandler.provider
        var core: TransactionCore
        var transaction: InteractiveTransaction
        /// The client's own, with the handler `task_connection`.
        var connection: (any KeyspaceConnection)?
        /// When the open transaction is discarded; nil when the client has none, as far as it knows.
        var deadline: ContinuousClock.Instant?
        var bytes = 0
        var elements: [Int: QueuedElement] = [:]
    }

    private let open: OpenTransactions
    private let daemonCore: TransactionCore
    private let state: Mutex<State>

    init(core: TransactionCore, open: OpenTransactions) {
        self.open = open
        daemonCore = core
        state = Mutex(State(core: core, transaction: Self.transaction(core, open)))
    }

    /// The client is inside a transaction, or believes so.
    var isOpen: Bool { state.withLock { $0.deadline != nil } }

    /// Whether requests must wait for one another because they don't share the way that keeps their order.
    var mustRunAlone: Bool {
        state.withLock { state in
            guard state.deadline == nil else { return true }
            switch state.handler {
            case .provider, .default, .coalescing: return false
            case .create, .taskConnection: return true
            }
        }
    }

    var core: TransactionCore { state.withLock { $0.core } }

    private var transaction: InteractiveTransaction { state.withLock { $0.transaction } }

    private static func transaction(_ core: TransactionCore, _ open: OpenTransactions) -> InteractiveTransaction {
        InteractiveTransaction(core, operationsMax: open.limits.commandsMax)
    }

    // MARK: The session

    /// What `session.open` chose; nil keeps what is in force. Throws where a transaction is open, and `KeyspaceError`.
    func choose(_ handler: SessionHandler?, _ mode: FallbackMode?) async throws -> (SessionHandler, FallbackMode) {
        guard !isOpen else {
            await lapseIfDue()
            try await transaction.within {}
            throw WireError(
                .operationModeError, "A transaction is open; commit or discard it before you choose anew.")
        }
        let (handler, mode) = state.withLock { (handler ?? $0.handler, mode ?? $0.core.mode) }
        let core = daemonCore.choosing(handler, mode: mode)
        // First what may fail: a refused choice changes nothing.
        let connection = handler == .taskConnection ? try await core.connect() : nil
        let old = state.withLock { state in
            defer { state.connection = connection }
            state.handler = handler
            state.core = core
            state.transaction = Self.transaction(core, open)
            return state.connection
        }
        await old?.close()
        return (handler, mode)
    }

    /// The client is gone.
    func close() async {
        await transaction.discard()
        forget()
        let connection = state.withLock { state in
            defer { state.connection = nil }
            return state.connection
        }
        await connection?.close()
    }

    /// Runs `body` with the client's own connection pinned, where it chose to have one; opens it when it is needed.
    private func onOwnConnection<R>(_ body: () async throws -> R) async throws -> R {
        let (handler, core, existing) = state.withLock { ($0.handler, $0.core, $0.connection) }
        guard handler == .taskConnection else { return try await body() }
        if let existing, existing.isAlive { return try await core.withConnection(existing, body) }
        await existing?.close()
        let connection = try await core.connect()
        state.withLock { $0.connection = connection }
        return try await core.withConnection(connection, body)
    }

    // MARK: The transaction

    func begin(watching keys: [WatchedKey]) async throws -> Int {
        await lapseIfDue()
        let depth = try await onOwnConnection { try await transaction.begin(watching: keys) }
        if depth == 1 {
            let deadline = open.opened(self)
            state.withLock { $0.deadline = deadline }
        }
        return depth
    }

    /// What was asked for since the outermost begin, and how each element of the result is to be shown.
    func commit() async throws -> (commit: InteractiveTransaction.Commit, elements: [Int: QueuedElement]) {
        await lapseIfDue()
        let elements = state.withLock { $0.elements }
        defer { if !transaction.isEngaged { forget() } }
        return (try await transaction.commit(), elements)
    }

    func discard() async {
        await transaction.discard()
        forget()
    }

    /// The time is over: what the transaction held is given back. The client hears of it with its next request.
    private func lapse() async {
        await transaction.lapse()
        open.ended(self, holding: takeHeld())
    }

    /// Forgets what the transaction holds, and says how many bytes that was.
    private func takeHeld() -> Int {
        state.withLock { state in
            defer {
                state.bytes = 0
                state.elements = [:]
            }
            return state.bytes
        }
    }

    /// A request that belongs into the open transaction failed: commit will run nothing.
    func requestFailed() {
        if isOpen { transaction.markIncomplete() }
    }

    func lapseIfDue() async {
        if let deadline = state.withLock({ $0.deadline }), open.now() >= deadline { await lapse() }
    }

    private func forget() {
        let wasOpen = state.withLock { state in
            defer { state.deadline = nil }
            return state.deadline != nil
        }
        if wasOpen { open.ended(self, holding: takeHeld()) }
    }

    // MARK: Requests

    /// Runs `body` in the open transaction, if one is: what it asks of the core is queued there.
    ///
    /// - Parameter bytes: What that will hold in memory until the transaction ends.
    func run<R>(bytes: Int, _ body: (TransactionCore) async throws -> R) async throws -> R {
        if isOpen {
            await lapseIfDue()
            try open.reserve(bytes, beside: state.withLock { $0.bytes })
            state.withLock { $0.bytes += bytes }
        }
        let (core, transaction) = state.withLock { ($0.core, $0.transaction) }
        return try await onOwnConnection { try await transaction.within { try await body(core) } }
    }

    func perform(_ command: Command) async throws -> Future {
        try await run(bytes: command.bytes) { try await $0.perform(command) }
    }

    func transact(_ commands: [Command], watching keys: [WatchedKey]) async throws -> Submission {
        try await run(bytes: commands.reduce(0) { $0 + $1.bytes }) { core in
            if keys.isEmpty { return try await core.run(commands.map { .command($0) }) }
            return .completed(
                try await core.watch(keys) { transaction in
                    for command in commands { try await transaction.queue(.command(command)) }
                })
        }
    }

    func pipeline(_ commands: [Command]) async throws -> Submission {
        try await run(bytes: 0) { core in
            try await core.pipeline { connection in
                for command in commands { try await connection.queue(.command(command)) }
            }
        }
    }

    /// Runs `body`, which queues one element that is no plain reply, and says which index it will have.
    func queueElement(
        bytes: Int, _ body: (TransactionCore) async throws -> QueuedElement
    ) async throws -> Int {
        let index = transaction.count
        let element = try await run(bytes: bytes, body)
        state.withLock { if $0.deadline != nil { $0.elements[index] = element } }
        return index
    }
}

extension RequestContext {
    /// Waits for the ordered requests before this one, and keeps those after it waiting, where they go different ways.
    func keepOrder() async {
        if session.scope.mustRunAlone { await turn?.alone() }
    }

    /// The same, whichever way they go: for what is more than one step.
    func runAlone() async { await turn?.alone() }
}
