// SPDX-License-Identifier: MIT

/// A keyspace that takes an operation without a task that waits for it: where thousands of requests wait for the same
/// commit, a closure each is cheaper than a suspended task each.
public protocol DirectSubmission: Keyspace {
    /// As ``Keyspace/perform(_:)``. The operation is submitted when it returns. `completion` is called exactly once,
    /// on a thread of the store or, when nothing could be submitted, at once; it must not block.
    func submit(
        _ operation: Operation, _ completion: @escaping @Sendable (Result<Reply, KeyspaceError>) -> Void)
}
