// SPDX-License-Identifier: MIT
public import Keyspace

/// Why the transaction core refused or gave up. (A keyspace that can't answer throws its own ``KeyspaceError``.)
public struct TransactionError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: Sendable, Hashable {
        /// `ConflictingContextError`: a transaction inside a pipeline, or a pipeline inside a transaction.
        case conflictingContext
        /// `OperationModeError`: the connection of this task can't do this kind of block, or not in this place.
        case operationMode
        /// The block has ended; a task that outlived it, or a connection kept from it, was used.
        case scopeClosed
        /// A future was looked at before EXEC.
        case futureUnresolved
        /// The block was discarded: nothing that was queued ran, and its futures will never have a value. ``TransactionError/refusal``
        /// is `EXECABORT` where a commit was asked for after one of its requests had failed.
        case discarded
        /// A future of a block that was aborted: it will never have a value.
        case aborted
        /// The store refused the operation at `index` while it was queued; nothing of the block ran.
        case commandRefused(index: Int)
        /// The block holds ``TransactionCore/Limits/blockOperationsMax`` operations; this one was not queued.
        case blockFull
        /// A future of a block whose EXEC could not be answered; the block itself threw the ``KeyspaceError``.
        case failed(KeyspaceError.Code)
    }

    public var code: Code
    /// One sentence that a person can act on, without values and keys.
    public var message: String
    /// What the store said, for ``Code/commandRefused(index:)``, or would have said.
    public var refusal: CommandError?

    public init(_ code: Code, _ message: String, refusal: CommandError? = nil) {
        self.code = code
        self.message = message
        self.refusal = refusal
    }

    public var description: String { message }
}

extension TransactionError {
    static func conflict(_ kind: BlockKind, inside open: BlockKind) -> Self {
        Self(.conflictingContext, "A \(kind) can't be opened inside a \(open); end the \(open) first.")
    }

    static func blocked(_ kind: BlockKind, by handler: String?) -> Self {
        let connection = handler.map { "The connection of \($0)" } ?? "This connection"
        return Self(.operationMode, "\(connection) does not allow a \(kind); use the provider or create handler.")
    }

    static let closed = Self(
        .scopeClosed, "The block has ended; work that outlives it must start detached or use a block of its own.")

    static let unresolved = Self(
        .futureUnresolved, "The value is known only after EXEC; read it before the block or after.")

    static func failed(_ code: KeyspaceError.Code) -> Self {
        Self(.failed(code), "The store did not answer the block.")
    }

    static let lapsed = Self(
        .discarded,
        "The transaction was open for too long: what was queued is discarded; only what ran one by one stays.")

    static let incomplete = Self(
        .discarded, "A request inside the transaction failed, so nothing of it was run.",
        refusal: CommandError("EXECABORT", "a request inside the transaction failed, so nothing of it was run"))

    static let nothingOpen = Self(.operationMode, "No transaction is open; begin one first.")

    static let stillOpening = Self(.operationMode, "The transaction is still being opened.")

    static let tooLateToWatch = Self(
        .operationMode, "WATCH must come before the transaction, not inside it.")

    static func refused(_ index: Int, _ error: CommandError) -> Self {
        Self(
            .commandRefused(index: index), "The store refused operation \(index) with \(error.prefix); nothing ran.",
            refusal: error)
    }

    static func full(_ operationsMax: Int) -> Self {
        Self(.blockFull, "The block already holds \(operationsMax) operations; split it.")
    }
}
