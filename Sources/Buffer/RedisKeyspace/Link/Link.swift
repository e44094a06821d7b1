// SPDX-License-Identifier: MIT
import Keyspace
import NIOCore

/// The shared connection, through all its lives. Everything in it happens on its event loop.
///
/// Since it was lost callers wait for ``RedisSettings/patience``; beyond, they are answered `unavailable` at once.
final class Link {
    private struct Waiter {
        let request: OperationRequest
        let continuation: RedisConnection.Continuation
    }

    let settings: RedisSettings
    let status: LinkStatus
    private let eventLoop: any EventLoop
    private let codec: OperationCodec
    private let opening: LinkOpening
    private let rules: GateRules
    private let epoch: EpochReading
    private var machine: LinkStateMachine
    private var connection: RedisConnection?
    private var group = AcceptGroup<RedisConnection.Continuation>()
    private var waiters: [Waiter] = []
    private var waitingOperations = 0
    /// The groups that a server refused which had forgotten the scripts (SCRIPT FLUSH), while these are loaded again;
    /// whatever comes after them waits. Nil: nothing of that.
    private var refused: [AcceptGroup<RedisConnection.Continuation>]?
    private var looking: EventLoopFuture<Void>?
    private var pause: Scheduled<Void>?
    private var patience: Scheduled<Void>?
    /// Who waits for the first connection, and until when.
    private var first: (promise: EventLoopPromise<Void>, deadline: NIODeadline)?

    init(_ settings: RedisSettings, codec: OperationCodec, status: LinkStatus, on eventLoop: any EventLoop) {
        self.settings = settings
        self.status = status
        self.eventLoop = eventLoop
        self.codec = codec
        opening = LinkOpening(settings, catalog: codec.catalog, eventLoop: eventLoop)
        rules = GateRules(settings)
        epoch = EpochReading(settings.site.keys)
        machine = LinkStateMachine(delay: settings.retryDelay, delayMax: settings.retryDelayMax)
    }

    /// Connects. The future fails with a ``GateFinding``: at once where waiting can't help, else after `openTimeout`.
    func start() -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        first = (promise, eventLoop.now + TimeAmount(settings.openTimeout))
        perform(machine.start())
        return promise.futureResult
    }

    func send(_ request: OperationRequest, _ continuation: RedisConnection.Continuation) {
        guard let connection else { return wait(request, continuation) }
        if refused != nil { return queue(request, continuation) }
        if let accept = request.singleAccept {
            add(accept, continuation)
        } else {
            sendGroup()
            connection.send(to: .task(continuation), limit: request.replyLimit) { request.write(into: &$0) }
        }
    }

    /// Sends the accepts that were submitted together. Whatever comes after them is written after them.
    private func sendGroup() {
        guard !group.isEmpty else { return }
        let group = group
        self.group = AcceptGroup()
        guard let connection else {
            for (request, member) in requests(of: group) { wait(request, member) }
            return
        }
        let receiver = ReplyReceiver.handler(weight: group.members.count) { self.answered(group, $0) }
        connection.send(to: receiver) { buffer in
            codec.write(codec.catalog.encode(group.accepts), asText: false, into: &buffer)
            return 1
        }
    }

    private func add(_ accept: Accept, _ continuation: RedisConnection.Continuation) {
        if group.isEmpty { eventLoop.assumeIsolated().execute { self.sendGroup() } }
        group.add(accept, continuation)
        if group.isFull { sendGroup() }
    }

    private func requests(
        of group: AcceptGroup<RedisConnection.Continuation>
    ) -> [(OperationRequest, RedisConnection.Continuation)] {
        zip(group.accepts, group.members).map { accept, member in
            (OperationRequest(operations: [.accept(accept)], form: .separate, codec: codec), member)
        }
    }

    private func wait(_ request: OperationRequest, _ continuation: RedisConnection.Continuation) {
        guard machine.isPatient else { return continuation.resume(returning: .failure(.unsent(status.reason))) }
        queue(request, continuation)
    }

    private func queue(_ request: OperationRequest, _ continuation: RedisConnection.Continuation) {
        guard waitingOperations < settings.operationsMax else { return continuation.resume(returning: .failure(.busy)) }
        waitingOperations += request.operations.count
        waiters.append(Waiter(request: request, continuation: continuation))
    }

    // MARK: Forgotten scripts

    private func answered(_ group: AcceptGroup<RedisConnection.Continuation>, _ answer: RedisConnection.Answer) {
        guard case .success(let replies) = answer, case .error(let bytes)? = replies.first,
            ServerError(bytes).condition == .noScript, let connection
        else { return group.share(answer) }
        if refused == nil { loadScripts(on: connection) }
        refused?.append(group)
    }

    /// The reply to the loading comes after those to everything that is under way: then all who were refused are known, in
    /// their order, and nobody has overtaken them.
    private func loadScripts(on connection: RedisConnection) {
        refused = []
        let group = group
        self.group = AcceptGroup()
        for (request, member) in requests(of: group) { queue(request, member) }
        connection.request(codec.catalog.loading).assumeIsolated().whenComplete { result in
            let refused = self.refused ?? []
            self.refused = nil
            let waiters = self.takeWaiters()
            let isLoaded = (try? result.get())?.allSatisfy { reply in
                if case .error = reply { false } else { true }
            }
            guard isLoaded == true else {
                let reason = ConnectionFailure.unsent("Redis has forgotten the scripts and does not take them again.")
                for group in refused { group.share(.failure(reason)) }
                for waiter in waiters { waiter.continuation.resume(returning: .failure(reason)) }
                return
            }
            for (request, member) in refused.flatMap(self.requests) { self.send(request, member) }
            for waiter in waiters { self.send(waiter.request, waiter.continuation) }
        }
    }

    /// Gives up the connection there is, for a new one behind the gate.
    func abandon(because reason: String) { connection?.close(because: reason) }

    /// Looks at the server again, without interrupting anybody unless the gate has to shut. One look at a time.
    func look() -> EventLoopFuture<Void> {
        if let looking { return looking }
        guard let connection else { return eventLoop.makeFailedFuture(ConnectionFailure.unsent(status.reason)) }
        status.epoch.beginLook()
        let look = connection.request(RedisGate.questions + epoch.questions).assumeIsolated().flatMapThrowing {
            replies in
            self.looking = nil
            let facts = try RedisGate.facts(replies[...])
            let findings = self.rules.findings(facts)
            if let problem = findings.first(where: { $0.level == .problem }) {
                connection.close(because: problem.description)
                throw problem
            }
            self.saw(facts, findings, self.epoch.mark(replies.suffix(2)))
        }
        look.whenFailure { _ in self.looking = nil }
        if connection.isAlive { looking = look.nonisolated() }
        return look.nonisolated()
    }

    func close() {
        machine.close()
        pause?.cancel()
        patience?.cancel()
        let closed = KeyspaceError(.unavailable, "The keyspace is closed.")
        status.isDown(closed, tells: false)
        connection?.close(because: closed.message)
        connection = nil
        answerFirst(.failure(GateFinding(.problem, .unreachable, closed.message)))
        refuseWaiters()
    }

    // MARK: What the machine wants

    private func perform(_ action: LinkStateMachine.Action) {
        switch action {
        case .none: return
        case .connect:
            let newEpoch = String(UInt64.random(in: .min ... .max), radix: 16)
            status.epoch.beginLook()
            opening.open(newEpoch: newEpoch).assumeIsolated().whenComplete { result in
                switch result {
                case .success(let opened): self.opened(opened)
                case .failure(let error): self.failed(ConnectionOpener.finding(error))
                }
            }
        case .pause(let duration):
            pause = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(duration)) {
                self.perform(self.machine.pauseEnded())
            }
        }
    }

    private func opened(_ opened: LinkOpening.Opened) {
        let connection = opened.connection.value
        guard machine.opened() else { return connection.close(because: "The keyspace is closed.") }
        patience?.cancel()
        patience = nil
        self.connection = connection
        status.isUp(opened.facts, rules.durability(of: opened.facts))
        saw(opened.facts, rules.findings(opened.facts), opened.mark)
        // In the order in which they came, before anybody who comes now.
        let waiters = takeWaiters()
        for waiter in waiters { send(waiter.request, waiter.continuation) }
        connection.whenDead { self.lost($0) }
        answerFirst(.success(()))
    }

    private func lost(_ reason: String) {
        connection = nil
        let action = machine.lost()
        guard action != .none else { return }
        status.isDown(KeyspaceError(.unavailable, reason))
        // What was to be sent at the end of this turn waits before whatever comes now.
        sendGroup()
        patience = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(settings.patience)) {
            self.machine.patienceEnded()
            self.refuseWaiters()
        }
        perform(action)
    }

    private func failed(_ finding: GateFinding) {
        status.isUnavailable(finding.keyspaceError)
        if let first, !finding.isTransient || first.deadline <= eventLoop.now { answerFirst(.failure(finding)) }
        perform(machine.failed(jitter: .random(in: 0...1)))
    }

    private func saw(_ facts: GateFacts, _ findings: [GateFinding], _ mark: EpochMark) {
        status.saw(facts, rules.durability(of: facts), findings, mark)
    }

    // MARK: Who waits

    private func answerFirst(_ result: Result<Void, any Error>) {
        first?.promise.completeWith(result)
        first = nil
    }

    private func takeWaiters() -> [Waiter] {
        defer {
            waiters = []
            waitingOperations = 0
        }
        return waiters
    }

    private func refuseWaiters() {
        let reason = status.reason
        for waiter in takeWaiters() { waiter.continuation.resume(returning: .failure(.unsent(reason))) }
    }
}
