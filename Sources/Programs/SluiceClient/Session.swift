// SPDX-License-Identifier: MIT
internal import JSON
internal import NIOCore

/// Performs what ``SessionStateMachine`` decides. Everything in it happens on one event loop, which is its executor:
/// so what the channel tells needs no lock and no change of thread.
actor Session {
    typealias Answer<Value> = Result<Value, SluiceClientError>

    enum Waiter {
        case reply(CheckedContinuation<Answer<JSONView>, Never>)
        /// The stream must be known before the next frame is read: its first event may be in it.
        case events(CheckedContinuation<Answer<TransactionEvents>, Never>)
        case nobody
    }

    struct Pending {
        let frame: [UInt8]
        let waiter: Waiter
        var timer: Scheduled<Void>?
    }

    nonisolated let configuration: SluiceClientConfiguration
    nonisolated let eventLoop: any EventLoop
    private nonisolated let executor: any SerialExecutor

    var machine: SessionStateMachine
    var pending: [Int64: Pending] = [:]
    var channel: (any Channel)?
    /// Events of an earlier channel are told from those of the present one by it.
    var generation = 0
    var refusal: SluiceClientError?
    var needsFlush = false
    private var lastID: Int64 = 0
    var subscriptions: [String: AsyncThrowingStream<TransactionEvent, any Error>.Continuation] = [:]

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(_ configuration: SluiceClientConfiguration, on eventLoop: any EventLoop) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        executor = eventLoop.executor
        machine = SessionStateMachine(reconnects: configuration.reconnects)
    }

    /// One call; its params are the text of a JSON object.
    func call(_ method: String, params: [UInt8], traits: MethodTraits, deadline: Duration?) async -> Answer<JSONView> {
        guard machine.callCount < configuration.callsMax else { return .failure(Self.tooManyCalls) }
        let id = nextID()
        guard let frame = frame(id, method, params) else { return .failure(tooLong) }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                start(id, frame, traits, deadline, .reply(continuation))
            }
        } onCancel: {
            cancelLater(id)
        }
    }

    func subscribe(params: [UInt8]) async -> Answer<TransactionEvents> {
        let id = nextID()
        let method = "transaction.subscribe"
        guard let frame = frame(id, method, params) else { return .failure(tooLong) }
        let traits = MethodTraits(of: method, hasTransactionID: false)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                start(id, frame, traits, configuration.deadline, .events(continuation))
            }
        } onCancel: {
            cancelLater(id)
        }
    }

    func close() async {
        let channel = channel
        perform(machine.close())
        endSubscriptions(SluiceClientError(.clientClosed, "The client is closed."))
        // An error means that it was closed already.
        try? await channel?.close().get()
    }

    /// Nil: it would be longer than the sidecar takes.
    private func frame(_ id: Int64, _ method: String, _ params: [UInt8]) -> [UInt8]? {
        RequestFrame.encode(id: id, method: method, params: params, bytesMax: configuration.requestBytesMax)
    }

    private var tooLong: SluiceClientError {
        SluiceClientError(
            .frameError,
            "The request is longer than \(configuration.requestBytesMax) bytes (requestBytesMax) and was not sent.",
            detail: "oversize")
    }

    private static let tooManyCalls = SluiceClientError(
        .busy, "Too many calls are under way on this client.", retryable: true)

    func nextID() -> Int64 {
        lastID += 1
        return lastID
    }

    func start(_ id: Int64, _ frame: [UInt8], _ traits: MethodTraits, _ deadline: Duration?, _ waiter: Waiter) {
        let timer = deadline.map { deadline in
            eventLoop.scheduleTask(in: TimeAmount(deadline)) { self.assumeIsolated { $0.expire(id) } }
        }
        pending[id] = Pending(frame: frame, waiter: waiter, timer: timer)
        perform(machine.start(id, traits))
    }

    private nonisolated func cancelLater(_ id: Int64) {
        // Not at once: the call may be about to start, on the loop, in this very moment.
        eventLoop.execute {
            self.assumeIsolated { session in
                session.machine.gaveUp(id)
                session.finish(id, .failure(SluiceClientError(.cancelled, "The task was cancelled.")))
            }
        }
    }

    private func expire(_ id: Int64) {
        if let error = machine.expired(id) { finish(id, .failure(error)) }
    }

    func perform(_ actions: [SessionStateMachine.Action]) {
        for action in actions {
            switch action {
            case .send(let ids): send(ids)
            case .connect: connect()
            case .connectLater(let attempt, let floor): connectLater(attempt: attempt, floor: floor)
            case .fail(let ids, let error):
                for id in ids { finish(id, .failure(error)) }
            }
        }
    }

    func finish(_ id: Int64, _ answer: Answer<JSONView>) {
        guard let call = pending.removeValue(forKey: id) else { return }
        call.timer?.cancel()
        switch call.waiter {
        case .reply(let continuation): continuation.resume(returning: answer)
        case .events(let continuation): continuation.resume(returning: answer.flatMap(openSubscription))
        case .nobody: break
        }
    }
}
