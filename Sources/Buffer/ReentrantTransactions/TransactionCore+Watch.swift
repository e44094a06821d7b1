// SPDX-License-Identifier: MIT
import Keyspace

extension TransactionCore {
    /// Runs `body` in a transaction that aborts when one of `keys` is modified before EXEC.
    ///
    /// After such an abort it begins again, ``Limits/watchRetriesMax`` times, WATCH and MULTI always on one connection of
    /// its own; then the aborted result is returned. An unmet expectation and a lost connection abort without retry.
    /// Inside a block, and on a connection that can't be held, it throws `operationMode` in every mode: run one by one,
    /// it would protect nothing.
    public func watch(
        _ keys: [WatchedKey], _ body: (WatchedTransaction) async throws -> Void
    ) async throws -> MultiResult {
        try await watchingConnections().withConnection { connection in
            var retry = WatchRetry(retriesMax: limits.watchRetriesMax, delay: limits.watchRetryDelay)
            while true {
                let result = try await attempt(keys, on: connection, body)
                switch retry.next(after: result.abortReason) {
                case .finish: return result
                case .retry(let delay): try await clock.sleep(for: delay)
                }
            }
        }
    }

    private func attempt(
        _ keys: [WatchedKey], on connection: any KeyspaceConnection, _ body: (WatchedTransaction) async throws -> Void
    ) async throws -> MultiResult {
        let scope = try await watchingScope(keys, on: connection)
        do {
            try await within(scope) { try await body(WatchedTransaction(scope: scope, connection: connection)) }
            return try await commit(watching: scope, on: connection)
        } catch {
            await connection.unwatchOrClose()
            throw error
        }
    }

    /// WATCH, then the expectations: a scope on `connection`, doomed when one is not met.
    func watchingScope(
        _ keys: [WatchedKey], on connection: any KeyspaceConnection, operationsMax: Int? = nil
    ) async throws -> TransactionScope {
        let scope = TransactionScope(
            .transaction, route: .pinned(connection), operationsMax: operationsMax ?? limits.blockOperationsMax)
        if keys.isEmpty { return scope }
        do {
            try await connection.watch(keys.map(\.key))
            let checked = keys.filter { $0.expectation != .anything }
            guard !checked.isEmpty else { return scope }
            let replies = try await connection.perform(checked.map { .command(Command("GET", $0.key)) })
            guard replies.count == checked.count else { throw KeyspaceError.answerMissing }
            let met = zip(checked, replies).allSatisfy { $0.expectation.isMet(by: $1) }
            if !met { scope.doom(.expectationFailed) }
            return scope
        } catch {
            await connection.unwatchOrClose()
            throw error
        }
    }

    /// EXEC, unless the block is doomed or its connection was lost: then nothing is sent.
    func commit(watching scope: TransactionScope, on connection: any KeyspaceConnection) async throws -> MultiResult {
        if !connection.isAlive { scope.doom(.connectionLost) }
        let result = try await scope.commit()
        // EXEC forgets what was watched; a doomed block had none.
        if result.abortReason == .expectationFailed { await connection.unwatchOrClose() }
        return result
    }

    /// Where connections to hold come from.
    func watchingConnections() throws(TransactionError) -> any ConnectionSource {
        if let scope = enclosing {
            guard scope.isOpen else { throw .closed }
            switch scope.kind {
            case .pipeline: throw .conflict(.transaction, inside: .pipeline)
            case .transaction: throw .tooLateToWatch
            }
        }
        guard let resolution = resolve(watching: true), resolution.handler.capabilities.watch,
            case .leased(let source) = resolution.route
        else {
            throw TransactionError(.operationMode, "This connection can't WATCH; use the provider or create handler.")
        }
        return source
    }
}

extension WatchedKey.Expectation {
    fileprivate func isMet(by reply: Reply) -> Bool {
        switch self {
        case .anything: true
        case .missing: reply == .null
        case .string(let bytes): reply == .bulk(bytes)
        }
    }
}

extension KeyspaceConnection {
    /// Leaves nothing watched behind, at the price of the connection.
    func unwatchOrClose() async {
        guard isAlive else { return }
        do {
            try await unwatch()
        } catch {
            await close()
        }
    }
}
