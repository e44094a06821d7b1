// SPDX-License-Identifier: MIT
public import Keyspace

extension TransactionCore {
    /// A transaction of one operation that needs no task to wait for it; `completion` is called exactly once, on a thread
    /// of the store or in ``settle()``, and must not block. `settle` is to follow soon, on the same thread.
    ///
    /// False, and nothing is done, where that is impossible: the caller is inside a block, which must be joined, or the
    /// keyspace takes no operations this way. Then ``run(_:)`` does it.
    public func submit(
        _ operation: Operation, _ completion: @escaping @Sendable (Result<Reply, KeyspaceError>) -> Void
    ) -> Bool {
        guard let direct, isOutsideBlocks else { return false }
        direct.submit(operation, completion)
        return true
    }

    /// Starts what was submitted; see `DirectSubmission.settle()`.
    public func settle() { direct?.settle() }
}
