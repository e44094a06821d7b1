// SPDX-License-Identifier: MIT

/// Where a transaction stands. A status that a newer sidecar has added keeps its text.
public struct TransactionStatus: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// Durable in the sidecar, not applied yet.
    public static let pending = TransactionStatus(rawValue: "pending")
    public static let processing = TransactionStatus(rawValue: "processing")
    /// Failed, and to be tried again.
    public static let retrying = TransactionStatus(rawValue: "retrying")
    /// In the main database.
    public static let committed = TransactionStatus(rawValue: "committed")
    /// On every replica too.
    public static let replicated = TransactionStatus(rawValue: "replicated")
    /// Failed for good; it waits for an operator.
    public static let deadLetter = TransactionStatus(rawValue: "dead_letter")
    public static let cancelled = TransactionStatus(rawValue: "cancelled")
    public static let discarded = TransactionStatus(rawValue: "discarded")
    /// Only in a receipt inside `keyspace.begin`: the commit tells the outcome.
    public static let queued = TransactionStatus(rawValue: "queued")

    public var description: String { rawValue }
}
