// SPDX-License-Identifier: MIT
import InMemoryKeyspace
import Keyspace
import Logging
import ReentrantTransactions
import TransactionModel

/// A core over a keyspace in memory, with the handler a test is about.
struct Fixture {
    enum Last: String, CaseIterable, Sendable {
        case provider
        case providerAlways
        case `default`
        case create
        case coalescing

        func handler(_ keyspace: InMemoryKeyspace, _ pool: ConnectionPool) -> any ConnectionHandler {
            switch self {
            case .provider: ProviderConnectionHandler(keyspace: keyspace, provider: pool)
            case .providerAlways: ProviderConnectionHandler(keyspace: keyspace, provider: pool, checkout: .always)
            case .default: DefaultConnectionHandler(keyspace: keyspace)
            case .create: CreateConnectionHandler(keyspace: keyspace)
            case .coalescing: CoalescingConnectionHandler(keyspace: keyspace)
            }
        }
    }

    let keyspace = InMemoryKeyspace()
    let pool: ConnectionPool
    let core: TransactionCore
    let log = RecordingLog()
    let clock = ManualClock()

    init(_ last: Last = .provider, mode: FallbackMode = .strict, limits: TransactionCore.Limits = .init()) {
        pool = ConnectionPool(keyspace: keyspace)
        core = TransactionCore(
            keyspace: keyspace, chain: .standard(last.handler(keyspace, pool)), transactionMode: mode,
            pipelineMode: mode,
            limits: limits, clock: clock, logger: log.logger)
    }

    /// What the keyspace got, without the coming and going of connections.
    var arrivals: [[String]] { keyspace.journal.filter { $0.way == .execute || $0.way == .perform }.map(\.operations) }
}

func set(_ key: String, _ value: String) -> Operation { .command(Command("SET", key, value)) }

func accept(_ id: String, content: String = "a") -> Operation {
    guard let id = TransactionID(id) else { preconditionFailure("a test used an id that is not one") }
    return .accept(
        Accept(
            transactionID: id, contentHash: SHA256.hash(Array(content.utf8)), payload: Array("{}".utf8), changes: [],
            acceptedAt: Timestamp(microseconds: 0)))
}

/// An error of the test's own.
struct Oops: Error, Equatable {}
