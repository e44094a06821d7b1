// SPDX-License-Identifier: MIT
public import Keyspace
import Synchronization

/// A keyspace in memory, for tests: a few commands, WATCH, and switches for everything that can go wrong.
///
/// It keeps a journal of what arrived, so that a test can ask not only what came out but how it travelled.
public final class InMemoryKeyspace: Keyspace {
    /// How operations arrived.
    public struct Arrival: Sendable {
        public enum Way: Sendable, Hashable {
            case perform
            case execute
            case watch
            case unwatch
            case connect
            case close
        }

        public let way: Way
        /// 0 for the shared connections.
        public let connection: Int
        /// The commands, as words; procedures by name.
        public let operations: [String]
    }

    private struct State {
        var store = InMemoryStore()
        var journal: [Arrival] = []
        var connections = 0
        var failure: KeyspaceError?
        var executeFailure: KeyspaceError?
        var answersNothing = false
        var refusal: (index: Int, error: CommandError)?
        var beforeExecute: (@Sendable (inout InMemoryStore) -> Void)?

        mutating func note(_ way: Arrival.Way, _ connection: Int, _ operations: [Operation] = []) {
            journal.append(Arrival(way: way, connection: connection, operations: operations.map(\.words)))
        }
    }

    private let state = Mutex(State())

    public init() {}

    public var durability: Durability { .memory }

    // MARK: What tests see

    public var journal: [Arrival] { state.withLock { $0.journal } }

    /// The ways of everything that arrived, in order.
    public var ways: [Arrival.Way] { journal.map(\.way) }

    public subscript(key: String) -> String? {
        get { state.withLock { $0.store.text(key) } }
        set { state.withLock { $0.store.set(key, newValue) } }
    }

    // MARK: What tests can break

    /// Everything that arrives from now on fails with this.
    public func fail(with error: KeyspaceError?) { state.withLock { $0.failure = error } }

    /// Everything goes well until EXEC, which fails with this.
    public func failExecute(with error: KeyspaceError?) { state.withLock { $0.executeFailure = error } }

    /// EXEC is answered with an empty array, as a careless client library does after an abort.
    public func answerNothing() { state.withLock { $0.answersNothing = true } }

    /// EXEC is refused because of the operation at `index`.
    public func refuse(_ index: Int, _ error: CommandError) { state.withLock { $0.refusal = (index, error) } }

    /// Runs between the arrival of EXEC and its check of watched keys: another client's write.
    public func beforeExecute(_ write: (@Sendable (inout InMemoryStore) -> Void)?) {
        state.withLock { $0.beforeExecute = write }
    }

    // MARK: Keyspace

    public func perform(_ operations: [Operation]) async throws(KeyspaceError) -> [Reply] {
        try perform(operations, connection: 0)
    }

    public func execute(_ operations: [Operation]) async throws(KeyspaceError) -> Execution {
        try execute(operations, connection: 0, watched: [:])
    }

    public func connect() async throws(KeyspaceError) -> any KeyspaceConnection {
        let number = try arrive { state throws(KeyspaceError) in
            state.connections += 1
            state.note(.connect, state.connections)
            return state.connections
        }
        return InMemoryConnection(number: number, keyspace: self)
    }

    // MARK: For connections

    func perform(_ operations: [Operation], connection: Int) throws(KeyspaceError) -> [Reply] {
        try arrive { state throws(KeyspaceError) in
            state.note(.perform, connection, operations)
            return operations.map { state.store.run($0) }
        }
    }

    func execute(
        _ operations: [Operation], connection: Int, watched: [[UInt8]: Int]
    ) throws(KeyspaceError) -> Execution {
        try arrive { state throws(KeyspaceError) in
            state.note(.execute, connection, operations)
            if let failure = state.executeFailure { throw failure }
            state.beforeExecute?(&state.store)
            if let (index, error) = state.refusal { return .refused(index: index, error) }
            for (key, version) in watched where state.store.version(key) != version { return .aborted }
            if state.answersNothing { return .executed([]) }
            return .executed(operations.map { state.store.run($0) })
        }
    }

    func versions(of keys: [[UInt8]], connection: Int) throws(KeyspaceError) -> [[UInt8]: Int] {
        try arrive { state throws(KeyspaceError) in
            state.note(.watch, connection)
            return Dictionary(keys.map { ($0, state.store.version($0)) }) { first, _ in first }
        }
    }

    func note(_ way: Arrival.Way, connection: Int) { state.withLock { $0.note(way, connection) } }

    private func arrive<R>(_ body: (inout sending State) throws(KeyspaceError) -> sending R) throws(KeyspaceError) -> R
    {
        try state.withLock { state throws(KeyspaceError) in
            if let failure = state.failure { throw failure }
            return try body(&state)
        }
    }
}

extension Operation {
    fileprivate var words: String {
        switch self {
        case .command(let command):
            command.arguments.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
        case .accept: "accept"
        case .claim: "claim"
        case .advance: "advance"
        case .release: "release"
        case .overlay: "overlay"
        case .lease: "lease"
        case .adopt: "adopt"
        }
    }
}
