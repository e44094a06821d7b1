// SPDX-License-Identifier: MIT
import JSON
public import ReentrantTransactions
public import SmartQueries
public import TransactionBuffering
import WireProtocol

/// What the methods work with. The daemon puts it together.
public struct Services: Sendable {
    public var transactions: TransactionManager
    public var deadLetters: DeadLetters
    public var queries: SmartQueryManager
    public var core: TransactionCore
    public var objects: ObjectStore
    public var openTransactions: OpenTransactions
    public var waiting: WaitingRequests
    public var processor: any ProcessorControl
    public var server: any ServerControl
    /// What `session.open` tells a client.
    public var description: ServerDescription

    public init(
        transactions: TransactionManager, deadLetters: DeadLetters, queries: SmartQueryManager, core: TransactionCore,
        openTransactions: OpenTransactions = OpenTransactions(),
        waiting: WaitingRequests = WaitingRequests(countMax: 2048), processor: any ProcessorControl,
        server: any ServerControl, description: ServerDescription
    ) {
        self.transactions = transactions
        self.deadLetters = deadLetters
        self.queries = queries
        self.core = core
        objects = ObjectStore(core: core)
        self.openTransactions = openTransactions
        self.waiting = waiting
        self.processor = processor
        self.server = server
        self.description = description
    }
}

/// Finds a request's method and calls it.
public struct RequestDispatcher: Sendable {
    let services: Services
    private let methods: [String: any Method]
    private let directMethods: [String: any DirectMethod]

    public init(services: Services) {
        self.services = services
        methods = Dictionary(uniqueKeysWithValues: Self.all.map { ($0.name, $0) })
        directMethods = methods.compactMapValues { $0 as? any DirectMethod }
    }

    /// One file each, in `Methods`.
    static let all: [any Method] = [
        TransactionBuffer(), TransactionStatusMethod(), TransactionWait(), TransactionCancel(), TransactionListMethod(),
        TransactionSubscribe(), TransactionUnsubscribe(),
        RecordGet(), RecordQueryMethod(), RecordUpdate(), IDGenerate(),
        DeadLetterList(), DeadLetterGet(), DeadLetterRetry(), DeadLetterDiscard(),
        KeyspaceCommand(), KeyspaceTransaction(), KeyspacePipeline(), KeyspaceBegin(), KeyspaceCommit(),
        KeyspaceDiscard(), ObjectSave(.save), ObjectSave(.create), ObjectSave(.saveIfNotExists), ObjectGet(),
        ObjectDelete(),
        ProcessorStatus(), ProcessorPause(), ProcessorResume(), ProcessorDrain(),
        ServerHealth(), ServerStats(), ServerConfig(), ServerBackup(),
        SessionOpen(), RPCDiscover(),
    ]

    /// Starts what begun requests have submitted; see `TransactionCore.settle()`.
    public func settle() { services.core.settle() }

    /// The names of all methods.
    public static var methodNames: [String] { all.map(\.name) }

    func method(_ name: String) -> (any Method)? { methods[name] }

    func directMethod(_ name: String) -> (any DirectMethod)? { directMethods[name] }
}

/// One method of the wire: its parameters, the call, its result.
protocol Method: Sendable {
    var name: String { get }
    /// Requests of such methods run in the order in which a connection sent them.
    var isOrdered: Bool { get }
    /// Its requests wait for what others do; see ``WaitingRequests``.
    var waits: Bool { get }

    /// The result as JSON text, exactly one value.
    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8]
}

extension Method {
    var isOrdered: Bool { false }
    var waits: Bool { false }
}

/// An ordered method that can mostly be answered without a task: what it waits for is one answer of the store.
protocol DirectMethod: Method {
    /// False, and nothing is done: the call must wait for more than that. Else `completion` is called exactly once, from
    /// any thread.
    func begin(
        _ params: Params, _ services: Services, _ completion: @escaping @Sendable (Result<[UInt8], WireError>) -> Void
    ) -> Bool
}

/// What a call knows beside its parameters.
struct RequestContext {
    var session: ClientSession
    /// The time that is left; nil: none was set.
    var deadline: ContinuousClock.Instant?
    /// The request's place among ordered ones; nil for a method without order.
    var turn: OrderKeeper.Turn?
    var afterReply: AfterReply

    /// Read through the session: a copy of them would cost more than many a call.
    var services: Services { session.services }

    /// To be called before a wait that precedes an ordered submission.
    func willWait() { turn?.hold() }

    /// `duration`, but not beyond the deadline.
    func limited(_ duration: Duration) -> Duration {
        guard let deadline else { return duration }
        return min(duration, max(.zero, deadline - .now))
    }
}
