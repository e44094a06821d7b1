// SPDX-License-Identifier: MIT
import Synchronization
public import TransactionModel

/// A transaction reached a status.
public struct TransactionEvent: Sendable, Hashable {
    public var transactionID: TransactionID
    public var status: TransactionStatus
    public var at: Timestamp

    public init(transactionID: TransactionID, status: TransactionStatus, at: Timestamp) {
        self.transactionID = transactionID
        self.status = status
        self.at = at
    }
}

/// Tells subscribers what becomes of transactions. Costs one uncontended lock where nobody listens.
public final class TransactionEvents: Sendable {
    public typealias Listener = @Sendable (TransactionEvent) -> Void

    /// What a subscriber wants to hear of; nil: everything.
    public struct Filter: Sendable {
        public static let transactionsMax = 10_000

        public var transactions: Set<TransactionID>?
        public var statuses: Set<TransactionStatus>?

        public init(transactions: Set<TransactionID>? = nil, statuses: Set<TransactionStatus>? = nil) {
            self.transactions = transactions
            self.statuses = statuses
        }

        func matches(_ event: TransactionEvent) -> Bool {
            (transactions?.contains(event.transactionID) ?? true) && (statuses?.contains(event.status) ?? true)
        }
    }

    private struct State {
        var nextID: UInt64 = 1
        /// Subscribers to everything, or to several transactions.
        var broad: [UInt64: (filter: Filter, listener: Listener)] = [:]
        /// Those who wait for one transaction.
        var waiters: [TransactionID: [UInt64: Listener]] = [:]
        /// What those who wait want to be told when waiting makes no sense any more.
        var endings: [UInt64: @Sendable () -> Void] = [:]
        var isEnded = false
    }

    private let state = Mutex(State())

    public init() {}

    /// The listener runs on whichever thread publishes and must return at once; so must `onEnd`, which is called when
    /// ``end()`` is, at once if it was.
    public func subscribe(
        _ filter: Filter, onEnd: (@Sendable () -> Void)? = nil, _ listener: @escaping Listener
    ) -> UInt64 {
        let (id, isEnded) = state.withLock { state in
            let id = state.nextID
            state.nextID += 1
            state.endings[id] = onEnd
            if let only = filter.transactions, only.count == 1, let transaction = only.first, filter.statuses == nil {
                state.waiters[transaction, default: [:]][id] = listener
            } else {
                state.broad[id] = (filter, listener)
            }
            return (id, state.isEnded)
        }
        if isEnded { onEnd?() }
        return id
    }

    /// The process stops: whoever waits is to look a last time and go.
    public func end() {
        let endings = state.withLock { state in
            state.isEnded = true
            return Array(state.endings.values)
        }
        for ending in endings { ending() }
    }

    public var isEnded: Bool { state.withLock { $0.isEnded } }

    public func unsubscribe(_ id: UInt64, transaction: TransactionID? = nil) {
        state.withLock { state in
            state.endings[id] = nil
            guard state.broad.removeValue(forKey: id) == nil else { return }
            for key in transaction.map({ [$0] }) ?? Array(state.waiters.keys) {
                state.waiters[key]?[id] = nil
                if state.waiters[key]?.isEmpty == true { state.waiters[key] = nil }
            }
        }
    }

    /// True when anyone listens: spares the making of events.
    public var isHeard: Bool { state.withLock { !$0.broad.isEmpty || !$0.waiters.isEmpty } }

    public func publish(_ event: TransactionEvent) {
        let listeners = state.withLock { state -> [Listener] in
            var result: [Listener] = []
            if let waiting = state.waiters[event.transactionID] { result += waiting.values }
            for (filter, listener) in state.broad.values where filter.matches(event) { result.append(listener) }
            return result
        }
        for listener in listeners { listener(event) }
    }
}
