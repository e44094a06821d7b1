// SPDX-License-Identifier: MIT
internal import Logging
internal import NIOCore
internal import ServiceLifecycle
internal import WireProtocol

/// One connection. Everything in it happens on its event loop: the actor's executor is the loop.
///
/// So a request is read, started and, if it never suspends, answered without a change of thread, and what the
/// handler tells needs no lock.
actor Connection {
    nonisolated let credentials: PeerCredentials
    nonisolated let channel: any Channel
    nonisolated let configuration: SocketServerConfiguration
    nonisolated let logger: Logger
    nonisolated let outbox: Outbox
    nonisolated let executor: EventLoopExecutor
    private nonisolated let inFlight: BoundedCount

    var machine = ConnectionStateMachine()
    private var running = 0
    private var waiter: UnsafeContinuation<Step, Never>?

    // Input: Connection+Input.swift.
    var decoder: FrameDecoder
    /// Those of one read, while it is taken apart.
    var frames: [[UInt8]] = []
    /// Requests that were read and not started yet.
    var unstarted: [Unstarted] = []
    var unstartedBytes = 0
    /// What a broken stream gets, after its last good request was started.
    var lastWord: [UInt8]?
    var isWritable = true
    var holdsRead = false

    /// While the connection is served: begins a request that needs no task. Any other comes back, read and counted.
    var begin: ((isolated Connection, [UInt8]) -> (any Sendable)?)?

    // Output: Connection+Output.swift.
    var isStarting = false
    var bytesWritten = 0
    var bytesLeft = 0
    var emptied: ByteBuffer?

    // Time: Connection+Time.swift.
    var watch: ConnectionWatch
    var watchTimer: (deadline: NIODeadline, task: Scheduled<Void>)?
    var endTimer: Scheduled<Void>?

    enum Unstarted {
        /// Not looked at.
        case frame([UInt8])
        /// A request that needs a task; it counts as running.
        case request(any Sendable)
    }

    /// What the connection's task does next.
    private enum Step {
        case start([Unstarted])
        case say([UInt8])
        case drained
        case vanished
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(
        _ channel: any Channel, credentials: PeerCredentials, configuration: SocketServerConfiguration,
        inFlight: BoundedCount, executor: EventLoopExecutor, logger: Logger
    ) {
        self.channel = channel
        self.credentials = credentials
        self.configuration = configuration
        self.inFlight = inFlight
        self.logger = logger
        self.executor = executor
        outbox = Outbox(bytesMax: configuration.outboundBytesMax, allocator: channel.allocator)
        decoder = FrameDecoder(frameBytesMax: configuration.frameBytesMax)
        watch = ConnectionWatch(
            frameTimeout: TimeAmount(configuration.incompleteFrameTimeout),
            readerTimeout: TimeAmount(configuration.slowReaderTimeout))
    }
}

// MARK: - The task

extension Connection {
    /// Serves the peer until it is gone or the server stops; returns when the channel is closed.
    func serve<Handler: RequestHandler>(_ handler: Handler, id: UInt64) async {
        await untilClosed {
            let session = handler.open(peer(id: id))
            begin = { connection, frame in connection.begin(frame, session) }
            await answerAll(by: session)
            begin = nil
            await session.close()
        }
    }

    /// Takes no request, says why, and closes.
    func refuse(_ error: WireError) async {
        await untilClosed {
            logger.debug("connection refused", metadata: ["kind": "\(error.kind.rawValue)"])
            _ = send(ReplyWriter.error(id: nil, error))
            perform(machine.endInput())
        }
    }

    private func untilClosed(_ body: () async -> Void) async {
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await body()
                perform(machine.drained())
                try? await channel.closeFuture.get()
            } onGracefulShutdown: {
                self.onLoop { $0.stop() }
            }
        } onCancel: {
            close()
        }
    }

    private func answerAll(by session: some RequestSession) async {
        await withDiscardingTaskGroup { group in
            while true {
                switch await nextStep() {
                case .start(let unstarted):
                    isStarting = true
                    for one in unstarted { start(one, session, in: &group) }
                    isStarting = false
                    flush()
                case .say(let lastWord):
                    add(lastWord)
                case .drained:
                    return
                case .vanished:
                    group.cancelAll()
                    forgetUnstarted()
                    return
                }
            }
        }
    }

    private func start<Session: RequestSession>(
        _ unstarted: Unstarted, _ session: Session, in group: inout DiscardingTaskGroup
    ) {
        switch unstarted {
        case .frame(let frame):
            if let request = begin(frame, session) { execute(request, session, in: &group) }
        case .request(let request):
            guard let request = request as? Session.Request else { preconditionFailure("The session has read it.") }
            execute(request, session, in: &group)
        }
    }

    /// Nil: it needs no task, or was refused. Else it counts as running.
    private func begin<Session: RequestSession>(_ frame: [UInt8], _ session: Session) -> Session.Request? {
        guard inFlight.enter() else {
            session.refused(frame)
            if let reply = busyReply(to: frame) { add(reply) }
            return nil
        }
        running += 1
        let request = session.read(frame)
        guard session.begin(request, answer: { self.finish(with: $0) }) else { return request }
        executor.settleAtEndOfTurn()
        return nil
    }

    /// What was read and needs no task begins as soon as it is read, if the connection's task waits for work, so that
    /// nothing that came before is still to be started.
    func beginUnstarted() {
        guard waiter != nil, isWritable, let begin, !unstarted.isEmpty else { return }
        isStarting = true
        var begun = 0
        while begun < unstarted.count, case .frame(let frame) = unstarted[begun] {
            if let request = begin(self, frame) {
                unstarted[begun] = .request(request)
                break
            }
            unstartedBytes -= frame.count
            begun += 1
        }
        unstarted.removeFirst(begun)
        isStarting = false
        flush()
        continueReading()
    }

    /// The peer is gone; what was counted is counted no more.
    private func forgetUnstarted() {
        for case .request in unstarted { ended(with: nil) }
        unstarted = []
    }

    /// An immediate task runs here and now, up to its first suspension: this is what keeps requests in order.
    ///
    /// The task prefers the loop (it inherits that) and is not isolated to this actor: a task that is both starts by
    /// changing its executor, and that is no immediate start.
    private nonisolated func execute<Session: RequestSession>(
        _ request: Session.Request, _ session: Session, in group: inout DiscardingTaskGroup
    ) {
        group.addImmediateTask {
            let reply = await session.respond(to: request)
            self.finish(with: reply)
        }
    }

    private nonisolated func finish(with reply: [UInt8]?) {
        if channel.eventLoop.inEventLoop {
            assumeIsolated { $0.ended(with: reply) }
        } else {
            executor.answer(self, with: reply)
        }
    }

    func ended(with reply: [UInt8]?) {
        inFlight.leave()
        running -= 1
        if let reply { add(reply) }
        if running == 0 { wake() }
    }

    private nonisolated func busyReply(to frame: [UInt8]) -> [UInt8]? {
        do throws(RequestRefusal) {
            let request = try RequestEnvelope(parsing: frame)
            let error = WireError(
                .busy, "The server executes as many requests as it may.", retryAfter: configuration.busyRetryAfter,
                detail: "in_flight_max")
            return request.id.map { ReplyWriter.error(id: $0, error) }
        } catch {
            return error.reply
        }
    }

    private func nextStep() async -> Step {
        if let step = readyStep() { return step }
        return await withUnsafeContinuation { waiter = $0 }
    }

    private func readyStep() -> Step? {
        if machine.state == .closed { return .vanished }
        if !unstarted.isEmpty {
            // Who does not read what was answered gets nothing more answered.
            guard isWritable else { return nil }
            defer {
                unstarted = []
                unstartedBytes = 0
                continueReading()
            }
            return .start(unstarted)
        }
        if running == 0, let lastWord {
            self.lastWord = nil
            return .say(lastWord)
        }
        return !machine.takesRequests && running == 0 ? .drained : nil
    }

    /// Lets the task go on, if there is something to do; not while requests are being started, each in its turn.
    func wake() {
        guard !isStarting, let waiter, let step = readyStep() else { return }
        self.waiter = nil
        waiter.resume(returning: step)
    }

    private nonisolated func peer(id: UInt64) -> PeerConnection {
        PeerConnection(
            id: id, uid: credentials.uid, gid: credentials.gid, send: { self.send($0) }, close: { self.close() })
    }
}
