// SPDX-License-Identifier: MIT
public import Keyspace
import Synchronization
public import TransactionModel

/// The schema that transactions are checked against: what the keyspace remembers at first, what the database says
/// whenever it can be asked.
public final class SchemaCache: Sendable {
    /// A refused name causes a look at the database at most so often.
    public static let refreshInterval: Duration = .seconds(1)

    private struct State {
        var schema: Schema?
        var refreshedAt: ContinuousClock.Instant?
    }

    private let state = Mutex(State())
    private let access: KeyspaceAccess
    private let key: String
    private let source: any SchemaSource

    public init(access: KeyspaceAccess, keys: SiteKeys, source: any SchemaSource) {
        self.access = access
        self.key = keys.schema
        self.source = source
    }

    /// Nil: no database was ever seen.
    public var schema: Schema? { state.withLock { $0.schema } }

    /// Takes what the keyspace remembers, if nothing newer is known.
    public func load() async throws(BufferingError) {
        guard case .bulk(let bytes)? = try await access.perform(.command(Command("GET", key))),
            let schema = Schema(jsonBytes: bytes)
        else { return }
        state.withLock { if $0.schema == nil { $0.schema = schema } }
    }

    /// Asks the database; keeps what is known when it does not answer. True when the schema is another now.
    @discardableResult
    public func refresh() async throws(BufferingError) -> Bool {
        guard let schema = await source.introspect() else { return false }
        let changed = state.withLock { state in
            state.refreshedAt = .now
            guard state.schema != schema else { return false }
            state.schema = schema
            return true
        }
        if changed { _ = try await access.perform(.command(Command("SET", key, schema.jsonBytes))) }
        return changed
    }

    /// As ``refresh()``, but not more often than ``refreshInterval``: what a refused name causes.
    func refreshIfDue() async throws(BufferingError) -> Bool {
        let isDue = state.withLock { state in
            guard let last = state.refreshedAt else { return true }
            return ContinuousClock.now - last >= Self.refreshInterval
        }
        return isDue ? try await refresh() : false
    }
}
