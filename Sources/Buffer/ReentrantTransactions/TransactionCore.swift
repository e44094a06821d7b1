// SPDX-License-Identifier: MIT
public import Keyspace
public import Logging

/// Reentrant transactions and pipelines over a ``Keyspace``.
///
///     let pool = ConnectionPool(keyspace: keyspace)
///     let core = TransactionCore(
///         keyspace: keyspace, chain: .standard(ProviderConnectionHandler(keyspace: keyspace, provider: pool)),
///         logger: logger)
///
///     let result = try await core.execute { connection in
///         try await connection("SET", "key1", "value1")
///         try await addOne()                       // its own `core.execute` joins this transaction
///         let count = try await connection("GET", "counter")
///         // `count.value` throws here: nothing has run yet.
///     }.result()
///     result.successful                            // false when a command failed, or nothing ran
///     result.results                               // one reply per command
///
/// What must read before it writes does so before the block, or in ``watch(_:_:)``; ``ObjectStore`` is made that way.
///
/// A block's body queues; the block travels as one when the outermost body returns. Nested blocks of the same kind share
/// it. A throw, or a cancellation, that leaves the outermost body discards everything.
///
/// Each request is decided in this order: a block of the other kind is open: `conflictingContext`; else the handler
/// chain resolves the connection, and its handler's capability decides: blocked falls back by the mode, reentrant joins the
/// open block, full (or no handler) opens one.
public final class TransactionCore: Sendable {
    /// Named bounds.
    public struct Limits: Sendable {
        /// Operations of one block.
        public var blockOperationsMax = 65_536
        /// How often `watch` begins again after an abort.
        public var watchRetriesMax = 3
        /// Pause before the first retry of `watch`; it doubles each time.
        public var watchRetryDelay = Duration.milliseconds(1)

        public init() {}
    }

    let keyspace: any Keyspace
    let direct: (any DirectSubmission)?
    let chain: HandlerChain
    let limits: Limits
    let clock: any Clock<Duration>
    let transactionMode: FallbackMode
    let pipelineMode: FallbackMode
    private let logger: Logger
    private let domain: TransactionDomain

    /// - Parameter chain: Where no handler of it answers, the keyspace's shared connections serve.
    public convenience init(
        keyspace: any Keyspace, chain: HandlerChain, transactionMode: FallbackMode = .strict,
        pipelineMode: FallbackMode = .strict, limits: Limits = Limits(), clock: any Clock<Duration> = ContinuousClock(),
        logger: Logger
    ) {
        self.init(
            keyspace: keyspace, chain: chain, transactionMode: transactionMode, pipelineMode: pipelineMode,
            limits: limits,
            clock: clock, logger: logger, domain: TransactionDomain())
    }

    private init(
        keyspace: any Keyspace, chain: HandlerChain, transactionMode: FallbackMode, pipelineMode: FallbackMode,
        limits: Limits, clock: any Clock<Duration>, logger: Logger, domain: TransactionDomain
    ) {
        self.keyspace = keyspace
        direct = keyspace as? any DirectSubmission
        self.chain = chain
        self.transactionMode = transactionMode
        self.pipelineMode = pipelineMode
        self.limits = limits
        self.clock = clock
        self.logger = logger
        self.domain = domain
    }

    /// A connection of its own, such as ``withConnection(_:_:)`` pins. The caller closes it.
    public func connect() async throws -> any KeyspaceConnection { try await keyspace.connect() }

    /// The same store with another chain or other modes, as a client's session chooses them. Both see each other's blocks.
    public func with(chain: HandlerChain, transactionMode: FallbackMode, pipelineMode: FallbackMode) -> TransactionCore
    {
        TransactionCore(
            keyspace: keyspace, chain: chain, transactionMode: transactionMode, pipelineMode: pipelineMode,
            limits: limits,
            clock: clock, logger: logger, domain: domain)
    }

    /// No block is open here, not even one that was closed already.
    var isOutsideBlocks: Bool { domain.current.scope == nil }

    // MARK: Blocks

    /// Runs `body` in a transaction: MULTI, what it queued, EXEC.
    ///
    /// Inside a transaction the body joins it, and the answer is ``Submission/queued(_:)``. Throws ``TransactionError``,
    /// `KeyspaceError`, `CancellationError`, and what `body` throws; in the last two cases nothing ran.
    @discardableResult
    public func execute(_ body: (ScopedConnection) async throws -> Void) async throws -> Submission {
        try await block(.transaction, body)
    }

    /// Runs `body` in a pipeline: what it queued is sent together and runs in order. As ``execute(_:)`` otherwise.
    @discardableResult
    public func pipeline(_ body: (ScopedConnection) async throws -> Void) async throws -> Submission {
        try await block(.pipeline, body)
    }

    /// A transaction of operations that are ready: ``execute(_:)`` without a body.
    ///
    /// On a shared connection they are submitted before the first suspension.
    public func run(_ operations: [Operation]) async throws -> Submission {
        switch try open(.transaction) {
        case .join(let scope):
            return joined(try await queue(operations, in: scope))
        case .send(let route):
            try Task.checkCancellation()
            if operations.isEmpty { return .completed(MultiResult([])) }
            switch ScopeStateMachine.judge(try await route.execute(operations), of: operations.count) {
            case .finish(let result): return .completed(result)
            case .refuse(let error): throw error
            case .outcomeUnknown: throw KeyspaceError.answerMissing
            }
        case .oneByOne(let route):
            let scope = TransactionScope(
                .transaction, route: route, style: .oneByOne, operationsMax: limits.blockOperationsMax)
            _ = try await queue(operations, in: scope)
            return .completed(try await scope.commit())
        }
    }

    /// Runs a single operation; inside a block it is queued there, and the future is resolved with the block.
    @discardableResult
    public func perform(_ operation: Operation) async throws -> Future {
        let context = domain.current
        if let scope = context.scope, !scope.isOpen { throw TransactionError.closed }
        let resolution = chain.resolve(context)
        let route = resolution?.route ?? .shared(keyspace)
        let capabilities = resolution?.handler.capabilities ?? .unknownHandler
        switch capabilities.adHoc {
        case .allowed:
            return Future(try await route.perform(operation))
        case .queued:
            guard case .scope(let scope) = route else {
                preconditionFailure("a handler that queues resolves to a scope")
            }
            return try await scope.queue(operation)
        }
    }

    /// Runs a single command; see ``perform(_:)-(Operation)``.
    @discardableResult
    public func perform(_ command: Command) async throws -> Future { try await perform(.command(command)) }

    /// Pins `connection` to this task while `body` runs: ``TaskConnectionHandler`` resolves it.
    public func withConnection<R>(_ connection: any KeyspaceConnection, _ body: () async throws -> R) async throws -> R
    {
        var context = domain.current
        context.connection = connection
        return try await domain.with(context, body)
    }

    /// For what must read before it writes, as saving an object does: throws `operationMode` inside a block, where
    /// reads give futures.
    ///
    /// - Parameter operation: its name, for the message.
    public func requireOutsideBlock(_ operation: String) throws(TransactionError) {
        guard let scope = enclosing else { return }
        guard scope.isOpen else { throw .closed }
        throw TransactionError(
            .operationMode, "\(operation) reads before it writes; call it before the \(scope.kind), not inside it.")
    }

    // MARK: Decisions

    /// How a block is to be run.
    enum Opening: Sendable {
        case join(TransactionScope)
        case send(ConnectionRoute)
        case oneByOne(ConnectionRoute)
    }

    /// Decides, and performs nothing but the warning.
    func open(_ kind: BlockKind) throws(TransactionError) -> Opening {
        let context = domain.current
        let resolution = chain.resolve(context)
        let route = resolution?.route ?? .shared(keyspace)
        let decision = BlockDecision.decide(
            kind, inside: context.scope?.kind, isClosed: context.scope?.isOpen == false,
            capability: resolution?.handler.capabilities.block(kind), mode: mode(of: kind))
        switch decision {
        case .begin:
            return .send(route)
        case .reenter:
            guard case .scope(let scope) = route else {
                preconditionFailure("a handler that joins resolves to a scope")
            }
            return .join(scope)
        case .oneByOne(let warning):
            if warning {
                // The one line of this room above debug: it is what the mode `warn` was chosen for.
                logger.warning(
                    "running operations one by one",
                    metadata: ["block": "\(kind)", "handler": "\(resolution?.handler.name ?? "none")"])
            }
            return .oneByOne(route)
        case .conflict(let open): throw .conflict(kind, inside: open)
        case .blocked: throw .blocked(kind, by: resolution?.handler.name)
        case .closed: throw .closed
        }
    }

    private func mode(of kind: BlockKind) -> FallbackMode {
        switch kind {
        case .transaction: transactionMode
        case .pipeline: pipelineMode
        }
    }

    private func block(_ kind: BlockKind, _ body: (ScopedConnection) async throws -> Void) async throws -> Submission {
        switch try open(kind) {
        case .join(let scope):
            let start = scope.count
            try await body(ScopedConnection(scope: scope))
            return joined(QueuedPart(scope: scope, range: start..<scope.count))
        case .send(let route):
            let scope = TransactionScope(kind, route: route, operationsMax: limits.blockOperationsMax)
            try await within(scope) { try await body(ScopedConnection(scope: scope)) }
            return .completed(try await scope.commit())
        case .oneByOne(let route):
            let scope = TransactionScope(
                kind, route: route, style: .oneByOne, operationsMax: limits.blockOperationsMax)
            defer { scope.discard() }
            // Not bound to the task: nested blocks meet the same handler and fall back the same way.
            try await body(ScopedConnection(scope: scope))
            return .completed(try await scope.commit())
        }
    }

    /// In a client's block that runs one by one, the replies are there already.
    private func joined(_ part: QueuedPart) -> Submission {
        part.scope.resultSoFar(of: part.range).map { .completed($0) } ?? .queued(part)
    }

    private func queue(_ operations: [Operation], in scope: TransactionScope) async throws -> QueuedPart {
        let start = scope.count
        for operation in operations { _ = try await scope.queue(operation) }
        return QueuedPart(scope: scope, range: start..<scope.count)
    }

    /// Runs `body` inside `scope`; a throw or a cancellation discards the scope.
    func within(_ scope: TransactionScope, _ body: () async throws -> Void) async throws {
        do {
            try await bound(to: scope, body)
            try Task.checkCancellation()
        } catch {
            scope.discard()
            throw error
        }
    }

    /// Runs `body` with `scope` as the open block of this task.
    func bound<R>(to scope: TransactionScope, _ body: () async throws -> R) async rethrows -> R {
        var context = domain.current
        context.scope = scope
        return try await domain.with(context, body)
    }

    /// The block that this task is in, be it closed already.
    var enclosing: TransactionScope? { domain.current.scope }

    /// What `watch` and interactive blocks need to know of the handler.
    func resolve(watching: Bool) -> HandlerChain.Resolution? { chain.resolve(domain.current, watching: watching) }
}
