// SPDX-License-Identifier: MIT
#if Postgres
import CLibPQ

/// One connection in pipeline mode, used by one thread at a time: statements are queued, travel together, and their
/// outcomes come back in order.
///
///     queue, queue, ..., sync ──> next, next, ..., finishSync
///
/// Nothing waits longer than the limit for a sign of the server, and a large pipeline can't block itself: what comes
/// back is taken in while the rest is sent. After an error that ends the connection everything fails.
public final class PostgresConnection {
    /// How many prepared statements a connection keeps between two pipelines.
    public static let statementsMax = 512
    /// Statements after which the server is asked for what it has, so that its silence means something.
    static let flushInterval = 32

    enum Entry {
        case prepare(String)
        /// The text, where it runs as a prepared statement.
        case execute(String?)
        /// Of our own: nobody asks for its outcome.
        case quiet
        case sync
    }

    let wait: SocketWait
    var handle: OpaquePointer?
    var names = StatementNames(statementsMax: PostgresConnection.statementsMax)
    var entries: [Entry] = []
    var entriesTaken = 0
    /// The error of a prepare, which belongs to the execution behind it.
    var prepareError: PostgresError?
    private var sinceFlush = 0
    /// Since the last ``begin()``, a statement that was prepared before failed as it would had its table's types changed
    /// since.
    public internal(set) var doubtsStatements = false

    /// Connects, to the first server of the string that lets us in.
    ///
    /// - Parameter limit: Time for each of them, and later the longest silence.
    public init(_ string: ConnectionString, limit: Duration, interrupt: PostgresInterrupt) throws(PostgresError) {
        wait = SocketWait(interrupt: interrupt, limit: limit)
        guard let handle = string.start() else { throw .cannotConnect }
        self.handle = handle
        // The only way to the SQLSTATE of a refused connection: libpq has no accessor for it.
        PQsetErrorVerbosity(handle, PQERRORS_SQLSTATE)
        PQsetNoticeReceiver(handle, { _, _ in }, nil)
        do throws(PostgresError) {
            try connect(handle)
            guard PQsetnonblocking(handle, 1) == 0, PQenterPipelineMode(handle) == 1 else { throw .cannotConnect }
        } catch {
            close()
            throw error
        }
    }

    deinit { close() }

    private func connect(_ handle: OpaquePointer) throws(PostgresError) {
        let deadline = ContinuousClock.now + wait.limit * serverCount(handle)
        var isReading = false
        while true {
            guard PQstatus(handle) != CONNECTION_BAD else { throw refusal(handle) }
            switch wait.wait(PQsocket(handle), reading: isReading, writing: !isReading, until: deadline) {
            case .silent: throw .cannotConnect
            case .interrupted: throw .interrupted
            case .ready: break
            }
            switch PQconnectPoll(handle) {
            case PGRES_POLLING_OK: return
            case PGRES_POLLING_READING: isReading = true
            case PGRES_POLLING_WRITING: isReading = false
            default: throw refusal(handle)
            }
        }
    }

    private func refusal(_ handle: OpaquePointer) -> PostgresError {
        let message = PQerrorMessage(handle).map { String(cString: $0) } ?? ""
        if let code = PostgresError.code(in: message) { return PostgresError(code: code, endsConnection: true) }
        return PQconnectionNeedsPassword(handle) == 1
            ? PostgresError(code: "28P01", endsConnection: true) : .cannotConnect
    }

    private func serverCount(_ handle: OpaquePointer) -> Int {
        guard let options = PQconninfo(handle) else { return 1 }
        defer { PQconninfoFree(options) }
        var count = 1
        var option = options
        while let keyword = option.pointee.keyword {
            let name = String(cString: keyword)
            if name == "host" || name == "hostaddr", let value = option.pointee.val {
                count = max(count, String(cString: value).utf8.count { $0 == UInt8(ascii: ",") } + 1)
            }
            option += 1
        }
        return count
    }

    /// Closes without waiting; what the server still does, it does.
    public func close() {
        guard let handle else { return }
        self.handle = nil
        PQfinish(handle)
    }

    /// Whether the server has closed an idle connection meanwhile. Looks at the socket, costs no round trip.
    public func isGone() -> Bool {
        guard let handle, PQstatus(handle) == CONNECTION_OK else { return true }
        // Its last words come before the end of the stream, and are read before it.
        while wait.isReadable(PQsocket(handle)) {
            guard PQconsumeInput(handle) == 1, PQisBusy(handle) == 0 else { return true }
        }
        return PQstatus(handle) != CONNECTION_OK
    }

    /// Whether a transaction block is open, or failed and not yet rolled back.
    public var isInTransaction: Bool {
        switch PQtransactionStatus(handle) {
        case PQTRANS_INTRANS, PQTRANS_INERROR: true
        default: false
        }
    }

    // MARK: Queueing

    /// Queues a statement; `prepared`: its text will come again.
    public func queue(_ sql: String, _ parameters: PostgresParameters = .init(), prepared: Bool = true) {
        defer { askForResults() }
        guard prepared else {
            entries.append(.execute(nil))
            parameters.withPointers { values in
                _ = PQsendQueryParams(
                    handle, sql, Int32(parameters.count), nil, values, parameters.lengths, parameters.formats, 0)
            }
            return
        }
        let (name, isNew) = names.name(of: sql)
        if isNew {
            entries.append(.prepare(sql))
            PQsendPrepare(handle, name, sql, 0, nil)
        }
        entries.append(.execute(sql))
        parameters.withPointers { values in
            _ = PQsendQueryPrepared(
                handle, name, Int32(parameters.count), values, parameters.lengths, parameters.formats, 0)
        }
    }

    /// Everything is prepared anew when it comes again.
    public func forgetStatements() { names.giveUpAll() }

    /// Begins a pipeline outside of a transaction: gives up statements that were not used for long.
    public func begin() {
        doubtsStatements = false
        for name in names.trim() {
            entries.append(.quiet)
            PQsendQueryParams(handle, "DEALLOCATE \(name)", 0, nil, nil, nil, nil, 0)
        }
    }

    /// Ends a pipeline: an error skips everything up to here, and what follows is looked at again.
    public func sync() {
        entries.append(.sync)
        PQpipelineSync(handle)
        sinceFlush = 0
    }

    /// Sends what is queued without waiting for an answer, which ``finishSync()`` takes later.
    public func send() { PQflush(handle) }

    /// Whether outcomes of an earlier pipeline are still to be taken.
    public var isOwed: Bool { entriesTaken < entries.count }

    /// Asks the server to send what it has; outcomes up to here can be taken without a ``sync()``.
    public func flush() {
        PQsendFlushRequest(handle)
        sinceFlush = 0
    }

    private func askForResults() {
        sinceFlush += 1
        if sinceFlush >= Self.flushInterval { flush() }
    }
}
#endif
