// SPDX-License-Identifier: MIT

/// The pipeline that is open in this task. Pipelines join it; single commands are queued in it.
public struct TaskPipelineHandler: ConnectionHandler {
    public let name = "TaskPipelineHandler"
    public let capabilities = HandlerCapabilities(transaction: .conflicting, pipeline: .reentrant, adHoc: .queued)

    public init() {}

    public func resolve(_ context: TaskContext, watching: Bool) -> ConnectionRoute? {
        guard let scope = context.scope, scope.kind == .pipeline else { return nil }
        return .scope(scope)
    }
}
