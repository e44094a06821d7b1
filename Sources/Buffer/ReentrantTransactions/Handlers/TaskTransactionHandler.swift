// SPDX-License-Identifier: MIT

/// The transaction that is open in this task. Transactions join it; single commands are queued in it.
public struct TaskTransactionHandler: ConnectionHandler {
    public let name = "TaskTransactionHandler"
    public let capabilities = HandlerCapabilities(transaction: .reentrant, pipeline: .conflicting, adHoc: .queued)

    public init() {}

    public func resolve(_ context: TaskContext, watching: Bool) -> ConnectionRoute? {
        guard let scope = context.scope, scope.kind == .transaction else { return nil }
        return .scope(scope)
    }
}
