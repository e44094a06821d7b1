// SPDX-License-Identifier: MIT

/// The connection pinned to this task by ``TransactionCore/withConnection(_:_:)``: single commands only.
///
/// Whoever pinned it may be in the middle of something; a MULTI of someone else would swallow that.
public struct TaskConnectionHandler: ConnectionHandler {
    public let name = "TaskConnectionHandler"
    public let capabilities = HandlerCapabilities(
        transaction: .blocked, pipeline: .blocked, adHoc: .allowed)

    public init() {}

    public func resolve(_ context: TaskContext, watching: Bool) -> ConnectionRoute? {
        context.connection.map { .pinned($0) }
    }
}
