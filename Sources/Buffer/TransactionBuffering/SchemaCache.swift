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
        /// The keyspace remembers it.
        var isSaved = true
        var refreshedAt: ContinuousClock.Instant?
        /// Those who wait for the refresh in flight; nil: there is none.
        var waiting: [CheckedContinuation<Bool, Never>]?
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
    ///
    /// Whoever comes while it is being asked shares the answer.
    @discardableResult
    public func refresh() async throws(BufferingError) -> Bool {
        let before = schema
        if await joinsRefreshInFlight() { return schema != before }
        let found = await source.introspect()
        let (changed, waiting) = state.withLock { state in
            defer { state.waiting = nil }
            if found != nil { state.refreshedAt = .now }
            let changed = found != nil && state.schema != found
            if changed { state.schema = found }
            return (changed, state.waiting ?? [])
        }
        for waiter in waiting { waiter.resume(returning: true) }
        if changed || state.withLock({ !$0.isSaved }) { await save() }
        return changed
    }

    /// A store that is full or away has it the next time: what it remembers is needed only by a start without the database.
    private func save() async {
        guard let schema else { return }
        let command = Command("SET", key, schema.jsonBytes)
        let isSaved = (try? await access.perform(.command(command))) == .status("OK")
        state.withLock { $0.isSaved = isSaved }
    }

    /// As ``refresh()``, but not more often than ``refreshInterval``: what a refused name causes.
    /// Too early, it waits: a name that was refused is looked for once before the refusal is final.
    func refreshIfDue() async throws(BufferingError) {
        let arrival = ContinuousClock.now
        while let last = state.withLock({ $0.waiting == nil ? $0.refreshedAt : nil }) {
            // Looked at since: that is the answer.
            if last > arrival { return }
            let left = last + Self.refreshInterval - .now
            guard left > .zero, (try? await Task.sleep(for: left)) != nil else { break }
        }
        try await refresh()
    }

    /// Waits for the refresh in flight; false when there is none, and then the caller's is.
    private func joinsRefreshInFlight() async -> Bool {
        await withCheckedContinuation { continuation in
            let isFirst = state.withLock { state in
                guard state.waiting != nil else {
                    state.waiting = []
                    return true
                }
                state.waiting?.append(continuation)
                return false
            }
            if isFirst { continuation.resume(returning: false) }
        }
    }
}
