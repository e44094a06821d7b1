// SPDX-License-Identifier: MIT
import Keyspace

/// The chain of responsibility: the first handler that knows a connection answers.
public struct HandlerChain: Sendable {
    public let handlers: [any ConnectionHandler]

    public init(_ handlers: [any ConnectionHandler]) { self.handlers = handlers }

    /// The usual order: the task's open block, the connection pinned to the task, then `last`.
    public static func standard(_ last: any ConnectionHandler) -> Self {
        Self([TaskTransactionHandler(), TaskPipelineHandler(), TaskConnectionHandler(), last])
    }

    /// Nil when no handler answers.
    func resolve(_ context: TaskContext, watching: Bool = false) -> Resolution? {
        for handler in handlers {
            if let route = handler.resolve(context, watching: watching) {
                return Resolution(handler: handler, route: route)
            }
        }
        return nil
    }

    struct Resolution: Sendable {
        let handler: any ConnectionHandler
        let route: ConnectionRoute
    }
}
