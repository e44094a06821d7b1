// SPDX-License-Identifier: MIT
public import Keyspace

extension TransactionCore {
    /// A transaction of one operation that needs no task to wait for it; `completion` is called exactly once, on a thread
    /// of the store, and must not block.
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
}
