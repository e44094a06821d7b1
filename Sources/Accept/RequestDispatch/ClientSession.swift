// SPDX-License-Identifier: MIT
import JSON
import Synchronization
import TransactionBuffering
import TransactionModel
import WireProtocol

/// One client connection: its requests, their order, its subscriptions.
public final class ClientSession: Sendable {
    /// Subscriptions of one connection.
    public static let subscriptionsMax = 64

    private let dispatcher: RequestDispatcher
    private let push: @Sendable ([UInt8]) -> Bool
    private let order = OrderKeeper()
    private let subscriptions = Mutex<Set<UInt64>>([])

    /// - Parameter push: Sends a notification, framed; false when the client is gone.
    public init(dispatcher: RequestDispatcher, push: @escaping @Sendable ([UInt8]) -> Bool) {
        self.dispatcher = dispatcher
        self.push = push
    }

    /// Answers the payload of one frame with a framed reply; nil for a notification. Never throws.
    public func respond(to payload: [UInt8]) async -> [UInt8]? {
        let envelope: RequestEnvelope
        do {
            envelope = try RequestEnvelope(parsing: payload)
        } catch {
            return error.reply
        }
        do throws(WireError) {
            let result = try await call(envelope)
            return envelope.id.map { ReplyWriter.result(id: $0, result) }
        } catch {
            return envelope.id.map { ReplyWriter.error(id: $0, error) }
        }
    }

    /// Forgets the connection's subscriptions.
    public func close() {
        let ids = subscriptions.withLock { ids in
            defer { ids = [] }
            return ids
        }
        for id in ids { dispatcher.services.transactions.events.unsubscribe(id) }
    }

    private func call(_ envelope: RequestEnvelope) async throws(WireError) -> [UInt8] {
        guard let method = dispatcher.method(envelope.method) else {
            throw WireError(.methodNotFound, "There is no such method; rpc.discover lists those there are.")
        }
        let deadline = envelope.meta.deadline.map { ContinuousClock.now + $0 }
        let params = Params(envelope.params)
        guard method.isOrdered else { return try await call(method, params, deadline, turn: nil) }
        return try await order.run { (turn) throws(WireError) in
            try await call(method, params, deadline, turn: turn)
        }
    }

    private func call(
        _ method: any Method, _ params: Params, _ deadline: ContinuousClock.Instant?, turn: OrderKeeper.Turn?
    ) async throws(WireError) -> [UInt8] {
        if let deadline, ContinuousClock.now >= deadline {
            throw WireError(
                .deadlineExceeded, "The deadline was over before the request was executed; nothing was done.")
        }
        let context = RequestContext(services: dispatcher.services, session: self, deadline: deadline, turn: turn)
        return try await method.call(params, context)
    }

    // MARK: Subscriptions

    /// Events go out as `transaction.event` notifications.
    func subscribe(_ filter: TransactionEvents.Filter) throws(WireError) -> UInt64 {
        guard subscriptions.withLock({ $0.count < Self.subscriptionsMax }) else {
            throw WireError(.busy, "A connection has at most \(Self.subscriptionsMax) subscriptions.", retryable: false)
        }
        let box = Mutex<UInt64>(0)
        let push = push
        let id = dispatcher.services.transactions.events.subscribe(filter) { event in
            _ = push(Self.notification(event, subscription: box.withLock { $0 }))
        }
        box.withLock { $0 = id }
        subscriptions.withLock { _ = $0.insert(id) }
        return id
    }

    func unsubscribe(_ id: UInt64) -> Bool {
        guard subscriptions.withLock({ $0.remove(id) }) != nil else { return false }
        dispatcher.services.transactions.events.unsubscribe(id)
        return true
    }

    private static func notification(_ event: TransactionEvent, subscription: UInt64) -> [UInt8] {
        let params = json { writer in
            writer.beginObject()
            writer.member("subscription_id", String(subscription))
            writer.member("transaction_id", event.transactionID.string)
            writer.member("status", event.status.rawValue)
            writer.member("at", event.at.description)
            writer.endObject()
        }
        return ReplyWriter.notification(method: "transaction.event", params: params)
    }
}
