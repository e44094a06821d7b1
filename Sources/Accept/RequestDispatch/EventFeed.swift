// SPDX-License-Identifier: MIT
import JSON
import Synchronization
import TransactionBuffering
import TransactionModel
import WireProtocol

/// One subscription's way to the client. What happens before the client knows its subscription's id waits.
final class EventFeed: Sendable {
    private struct State {
        /// Nil: the reply is not sent yet.
        var subscription: UInt64?
        var waiting: [TransactionEvent] = []
    }

    private let state = Mutex(State())
    private let push: @Sendable ([UInt8]) -> Bool

    init(_ push: @escaping @Sendable ([UInt8]) -> Bool) { self.push = push }

    func take(_ event: TransactionEvent) {
        // Sent under the lock, so that events keep their order; sending does not block.
        state.withLock { state in
            guard let subscription = state.subscription else {
                state.waiting.append(event)
                return
            }
            _ = push(Self.notification(event, subscription))
        }
    }

    func open(subscription: UInt64) {
        state.withLock { state in
            state.subscription = subscription
            for event in state.waiting { _ = push(Self.notification(event, subscription)) }
            state.waiting = []
        }
    }

    private static func notification(_ event: TransactionEvent, _ subscription: UInt64) -> [UInt8] {
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

/// What a call wants done once its reply is on its way.
final class AfterReply: Sendable {
    private let actions = Mutex<[@Sendable () -> Void]>([])

    var isEmpty: Bool { actions.withLock { $0.isEmpty } }

    func add(_ action: @escaping @Sendable () -> Void) { actions.withLock { $0.append(action) } }

    func run() {
        let actions = actions.withLock { actions in
            defer { actions = [] }
            return actions
        }
        for action in actions { action() }
    }
}
