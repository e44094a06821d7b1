// SPDX-License-Identifier: MIT
internal import JSON
internal import NIOCore

extension Session {
    func openSubscription(_ result: JSONView) -> Answer<TransactionEvents> {
        guard let name = result["subscription_id"]?.string else {
            return .failure(.invalidReply("The answer lacks subscription_id."))
        }
        let (stream, continuation) = AsyncThrowingStream<TransactionEvent, any Error>.makeStream(
            bufferingPolicy: .bufferingOldest(configuration.eventsMax))
        subscriptions[name] = continuation
        continuation.onTermination = { reason in
            // What the session itself has ended is forgotten already.
            guard case .cancelled = reason else { return }
            self.eventLoop.execute { self.assumeIsolated { $0.unsubscribe(name) } }
        }
        return .success(TransactionEvents(stream: stream))
    }

    func deliver(_ event: TransactionEvent, to name: String) {
        guard let continuation = subscriptions[name] else { return }
        guard case .dropped = continuation.yield(event) else { return }
        unsubscribe(name)
        continuation.finish(
            throwing: SluiceClientError(.slowReader, "Events came faster than they were taken.", retryable: true))
    }

    func endSubscriptions(_ error: SluiceClientError) {
        let ended = subscriptions.values
        subscriptions = [:]
        for continuation in ended { continuation.finish(throwing: error) }
    }

    /// Nobody waits for the answer: if it does not come, the connection is gone, and the subscription with it.
    private func unsubscribe(_ name: String) {
        guard subscriptions.removeValue(forKey: name) != nil else { return }
        let id = nextID()
        let method = "transaction.unsubscribe"
        let params = JSONValue.object(["subscription_id": .string(name)]).bytes
        guard let frame = RequestFrame.encode(id: id, method: method, params: params, bytesMax: .max) else {
            return
        }
        start(id, frame, MethodTraits(of: method, hasTransactionID: false), configuration.deadline, .nobody)
    }
}
