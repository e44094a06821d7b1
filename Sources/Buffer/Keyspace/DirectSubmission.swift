// SPDX-License-Identifier: MIT

/// A keyspace that takes operations without a task that waits for them: where thousands of requests wait for the same
/// commit, a closure each is cheaper than a suspended task each.
public protocol DirectSubmission: Keyspace {
    /// As ``Keyspace/perform(_:)``. The operations are submitted when it returns. `completion` is called exactly once,
    /// on a thread of the store or, when nothing could be submitted, at once; it must not block.
    func submit(
        _ operations: [Operation], _ completion: @escaping @Sendable (Result<[Reply], KeyspaceError>) -> Void)
}
