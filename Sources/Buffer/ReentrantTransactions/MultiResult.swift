// SPDX-License-Identifier: MIT
public import Keyspace

/// What became of a block: clean, committed with errors, or aborted.
public struct MultiResult: Sendable, Equatable, CustomStringConvertible {
    /// Why nothing ran.
    public enum AbortReason: Sendable, Hashable {
        /// EXEC found a watched key modified.
        case watchedKeyChanged
        /// A watched key did not hold what the caller expected.
        case expectationFailed
        /// The connection, and with it what it watched, was lost inside the block.
        case connectionLost
    }

    /// An operation that failed; the others of the block were not hindered by it.
    public struct Failure: Sendable, Hashable {
        public enum Kind: String, Sendable {
            case keyspaceError = "keyspace_error"
            case transactionConflict = "transaction_conflict"
            case bufferFull = "buffer_full"
        }

        /// Position of the operation in the block.
        public var index: Int
        public var kind: Kind
        /// The prefix of a command's error, as `WRONGTYPE`; nil for the other kinds.
        public var detail: String?

        public init(index: Int, kind: Kind, detail: String? = nil) {
            self.index = index
            self.kind = kind
            self.detail = detail
        }
    }

    /// One reply per operation, in order, failed ones included; empty when aborted.
    public let replies: [Reply]
    /// Nil unless aborted.
    public let abortReason: AbortReason?

    public init(_ replies: [Reply]) {
        self.replies = replies
        abortReason = nil
    }

    public init(aborted reason: AbortReason) {
        replies = []
        abortReason = reason
    }

    /// Nothing ran.
    public var aborted: Bool { abortReason != nil }

    /// Everything ran and nothing failed.
    public var successful: Bool { !aborted && !replies.contains { Failure.Kind($0) != nil } }

    /// One entry per operation, in order; `null` where the operation failed. Empty when aborted.
    public var results: [Reply] { replies.map { Failure.Kind($0) == nil ? $0 : .null } }

    /// The operations that failed, in order. Empty when aborted.
    public var errors: [Failure] {
        replies.enumerated().compactMap { index, reply in
            Failure.Kind(reply).map { Failure(index: index, kind: $0, detail: Failure.detail(of: reply)) }
        }
    }

    /// Shows counts, never values.
    public var description: String {
        aborted ? "MultiResult(aborted)" : "MultiResult(\(replies.count) results, \(errors.count) errors)"
    }
}

extension MultiResult.Failure.Kind {
    /// Nil when the reply is no failure.
    init?(_ reply: Reply) {
        switch reply {
        case .error: self = .keyspaceError
        case .accept(.conflict): self = .transactionConflict
        case .accept(.full): self = .bufferFull
        case .accept(.accepted), .accept(.duplicate), .null, .status, .integer, .bulk, .array, .claim, .advance,
            .release, .overlay, .lease, .adopt:
            return nil
        }
    }
}

extension MultiResult.Failure {
    static func detail(of reply: Reply) -> String? {
        if case .error(let error) = reply { error.prefix } else { nil }
    }
}

extension MultiResult: CustomReflectable {
    /// Reflection would print the values that ``description`` withholds.
    public var customMirror: Mirror { Mirror(self, children: ["replies": replies.count, "aborted": aborted]) }
}
