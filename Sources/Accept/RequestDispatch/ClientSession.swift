// SPDX-License-Identifier: MIT
import JSON
import Synchronization
import TransactionBuffering
import WireProtocol

/// One client connection: its requests, their order, its subscriptions.
public final class ClientSession: Sendable {
    /// Subscriptions of one connection.
    public static let subscriptionsMax = 64

    private let dispatcher: RequestDispatcher
    private let push: @Sendable ([UInt8]) -> Bool
    private let order = OrderKeeper()
    let scope: SessionScope
    private let subscriptions = Mutex<Set<UInt64>>([])

    var services: Services { dispatcher.services }

    /// - Parameter push: Sends a notification, framed; false when the client is gone.
    public init(dispatcher: RequestDispatcher, push: @escaping @Sendable ([UInt8]) -> Bool) {
        self.dispatcher = dispatcher
        self.push = push
        scope = SessionScope(core: dispatcher.services.core, open: dispatcher.services.openTransactions)
    }

    /// Starts a request that needs no task; see ``DirectMethod``. False: ``respond(to:)`` shall do it.
    public func begin(_ request: ClientRequest, answer: @escaping @Sendable ([UInt8]?) -> Void) -> Bool {
        guard case .call(let envelope) = request, envelope.meta.deadline == nil, !scope.isOpen,
            let method = dispatcher.directMethod(envelope.method), order.enter()
        else { return false }
        let id = envelope.id
        let hasBegun = method.begin(Params(envelope.params), dispatcher.services) { result in
            self.order.leave()
            switch result {
            case .success(let text): answer(id.map { ReplyWriter.result(id: $0, text) })
            case .failure(let error): answer(id.map { ReplyWriter.error(id: $0, error) })
            }
        }
        if !hasBegun { order.leave() }
        return hasBegun
    }

    /// Answers the payload of one frame; see ``respond(to:)-(ClientRequest)``.
    public func respond(to payload: [UInt8]) async -> [UInt8]? { await respond(to: ClientRequest(payload)) }

    /// Answers one request with a framed reply; nil for a notification. Never throws.
    public func respond(to request: ClientRequest) async -> [UInt8]? {
        let envelope: RequestEnvelope
        switch request {
        case .call(let call): envelope = call
        case .refused(let reply):
            markRefused()
            return reply
        }
        do throws(WireError) {
            let afterReply = AfterReply()
            let result = try await call(envelope, afterReply)
            guard let id = envelope.id else {
                afterReply.run()
                return nil
            }
            var reply = ReplyWriter.result(id: id, result)
            if reply.count > services.frameBytesMax + FrameDecoder.headerBytes {
                reply = ReplyWriter.error(id: id, RequestContext.resultTooLarge)
            }
            guard !afterReply.isEmpty else { return reply }
            // Through the same door as what must come after it.
            _ = push(reply)
            afterReply.run()
            return nil
        } catch {
            return envelope.id.map { ReplyWriter.error(id: $0, error) }
        }
    }

    /// Hears of a request that was refused before it came here, for want of room.
    public func refused(_ payload: [UInt8]) {
        guard scope.isOpen || order.isHeld else { return }
        if case .call(let envelope) = ClientRequest(payload), let method = dispatcher.method(envelope.method),
            !method.isOrdered
        {
            return
        }
        markRefused()
    }

    /// What was refused may have belonged into an open transaction: then its commit runs nothing.
    private func markRefused() { order.note { self.scope.requestFailed() } }

    /// Forgets the connection's subscriptions, and discards its transaction.
    public func close() async {
        let ids = subscriptions.withLock { ids in
            defer { ids = [] }
            return ids
        }
        for id in ids { dispatcher.services.transactions.events.unsubscribe(id) }
        await scope.close()
    }

    private func call(_ envelope: RequestEnvelope, _ afterReply: AfterReply) async throws(WireError) -> [UInt8] {
        guard let method = dispatcher.method(envelope.method) else {
            markRefused()
            throw WireError(.methodNotFound, "There is no such method; rpc.discover lists those there are.")
        }
        let deadline = envelope.meta.deadline.map { ContinuousClock.now + $0 }
        let params = Params(envelope.params)
        guard method.isOrdered else { return try await call(method, params, deadline, afterReply, turn: nil) }
        return try await order.run { (turn) throws(WireError) in
            do throws(WireError) {
                return try await call(method, params, deadline, afterReply, turn: turn)
            } catch {
                scope.requestFailed()
                throw error
            }
        }
    }

    private func call(
        _ method: any Method, _ params: Params, _ deadline: ContinuousClock.Instant?, _ afterReply: AfterReply,
        turn: OrderKeeper.Turn?
    ) async throws(WireError) -> [UInt8] {
        if let deadline, ContinuousClock.now >= deadline {
            throw WireError(
                .deadlineExceeded, "The deadline was over before the request was executed; nothing was done.")
        }
        let context = RequestContext(
            session: self, deadline: deadline, turn: turn, afterReply: afterReply)
        guard method.waits else { return try await method.call(params, context) }
        return try await services.waiting.run { () throws(WireError) in try await method.call(params, context) }
    }

    // MARK: Subscriptions

    /// Events go out as `transaction.event` notifications, the first after the reply.
    func subscribe(
        _ filter: TransactionEvents.Filter, _ afterReply: AfterReply
    ) throws(WireError) -> UInt64 {
        guard subscriptions.withLock({ $0.count < Self.subscriptionsMax }) else {
            throw WireError(
                .busy, "A connection has at most \(Self.subscriptionsMax) subscriptions.", retryable: false,
                detail: "subscriptions_max")
        }
        let feed = EventFeed(push)
        let id = dispatcher.services.transactions.events.subscribe(filter) { feed.take($0) }
        subscriptions.withLock { _ = $0.insert(id) }
        afterReply.add { feed.open(subscription: id) }
        return id
    }

    func unsubscribe(_ id: UInt64) -> Bool {
        guard subscriptions.withLock({ $0.remove(id) }) != nil else { return false }
        dispatcher.services.transactions.events.unsubscribe(id)
        return true
    }
}
