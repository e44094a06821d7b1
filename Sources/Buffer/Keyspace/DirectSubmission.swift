// SPDX-License-Identifier: MIT

/// A keyspace that takes an operation without a task that waits for it: where thousands of requests wait for the same
/// commit, a closure each is cheaper than a suspended task each.
public protocol DirectSubmission: Keyspace {
    /// As ``Keyspace/perform(_:)``. The operation is submitted when it returns, and has its place in the order; the store
    /// may leave its start to ``settle()``. `completion` is called exactly once, on a thread of the store, in `settle` or,
    /// when nothing could be submitted, at once; it must not block.
    func submit(
        _ operation: Operation, _ completion: @escaping @Sendable (Result<Reply, KeyspaceError>) -> Void)

    /// Starts what was submitted. To be called soon after the last of several submissions, on their thread, when it has
    /// nothing else to do: the store may borrow the thread for one quick commit, which saves two changes of thread.
    func settle()
}

extension DirectSubmission {
    /// For a store that starts everything at once.
    public func settle() {}
}
