// SPDX-License-Identifier: MIT
public import Keyspace

/// The answer to an operation, perhaps not known yet.
///
/// Inside a block the answer is known only after EXEC; looking at it before throws. It never waits.
public struct Future: Sendable, CustomStringConvertible {
    private enum Source: Sendable {
        case known(Reply)
        case queued(TransactionScope, index: Int)
    }

    private let source: Source

    init(_ reply: Reply) { source = .known(reply) }

    init(of scope: TransactionScope, at index: Int) { source = .queued(scope, index: index) }

    /// Position of the operation in its block, and of its result in the ``MultiResult``; nil outside any block.
    public var index: Int? {
        switch source {
        case .known: nil
        case .queued(_, let index): index
        }
    }

    /// The reply, be it an error of the command.
    ///
    /// Throws ``TransactionError``: `futureUnresolved` before EXEC; `aborted`, `discarded`, `commandRefused` or `failed`
    /// when it will never be known.
    public var value: Reply {
        get throws(TransactionError) {
            switch source {
            case .known(let reply): reply
            case .queued(let scope, let index): try scope.reply(at: index)
            }
        }
    }

    public var isResolved: Bool { (try? value) != nil }

    /// Shows no value.
    public var description: String { isResolved ? "Future(resolved)" : "Future(unresolved)" }
}

extension Future: CustomReflectable {
    /// Reflection would print the value that ``description`` withholds.
    public var customMirror: Mirror { Mirror(self, children: ["isResolved": isResolved]) }
}
