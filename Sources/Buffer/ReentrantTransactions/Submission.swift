// SPDX-License-Identifier: MIT

/// What became of a request for a block: it was sent, or it is part of the block that was open already.
public enum Submission: Sendable {
    case completed(MultiResult)
    /// Queued in the enclosing block, whose end decides.
    case queued(QueuedPart)

    /// The result; of a queued part once the enclosing block was sent.
    ///
    /// Throws ``TransactionError``, as ``Future/value`` does, when there is none (yet).
    public func result() throws(TransactionError) -> MultiResult {
        switch self {
        case .completed(let result): result
        case .queued(let part): try part.result()
        }
    }
}

/// The operations of a nested block: a part of the enclosing one.
///
/// Operations that concurrent child tasks queued meanwhile belong to it as well.
public struct QueuedPart: Sendable {
    let scope: TransactionScope
    let range: Range<Int>

    /// One per operation, in order.
    public var futures: [Future] { range.map { Future(of: scope, at: $0) } }

    func result() throws(TransactionError) -> MultiResult { try scope.result(of: range) }
}
