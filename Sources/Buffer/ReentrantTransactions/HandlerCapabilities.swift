// SPDX-License-Identifier: MIT

/// What can be done on the connections of a handler.
public struct HandlerCapabilities: Sendable, Hashable {
    /// How a handler answers to a block.
    public enum Block: Sendable, Hashable {
        /// Opens one.
        case full
        /// Joins the block that is open.
        case reentrant
        /// Not on this connection: the fallback mode decides.
        case blocked
        /// Never, whatever the mode: a block of the other kind is open.
        case conflicting
    }

    /// How a handler answers to a single command.
    public enum AdHoc: Sendable, Hashable {
        /// Runs it at once.
        case allowed
        /// Queues it in the open block; the answer is a future.
        case queued
    }

    public var transaction: Block
    public var pipeline: Block
    public var adHoc: AdHoc
    /// The connection can be held between WATCH and EXEC.
    public var watch: Bool
    /// A block may stay open between requests of a client.
    public var interactive: Bool

    public init(transaction: Block, pipeline: Block, adHoc: AdHoc, watch: Bool = false, interactive: Bool = true) {
        self.transaction = transaction
        self.pipeline = pipeline
        self.adHoc = adHoc
        self.watch = watch
        self.interactive = interactive
    }

    /// What the core assumes where no handler answers: everything but holding a connection.
    public static let unknownHandler = Self(transaction: .full, pipeline: .full, adHoc: .allowed)

    func block(_ kind: BlockKind) -> Block {
        switch kind {
        case .transaction: transaction
        case .pipeline: pipeline
        }
    }
}
