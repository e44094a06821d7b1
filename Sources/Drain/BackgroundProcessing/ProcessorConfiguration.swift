// SPDX-License-Identifier: MIT

/// What a dead transaction does to those that conflict with it.
public enum DeadLetterPolicy: String, Sendable, CaseIterable {
    /// They wait until an operator decides.
    case hold
    /// They go on without it, and its own changes leave the overlay.
    case `continue`
}

public struct ProcessorConfiguration: Sendable {
    /// The longest sleep while there is nothing to do; accepts wake the processor earlier.
    public var interval: Duration = .seconds(1)
    /// Batches that are applied beside each other, as far as the database lets several in.
    public var lanes = 4
    /// Transactions of one claim, and so of one database transaction.
    public var batchTransactionsMax = 512
    /// Payload bytes of one claim.
    public var batchBytesMax = 8 << 20
    public var retry = RetryPolicy()
    public var deadLetterPolicy: DeadLetterPolicy = .hold
    /// Wait after the first sign of an outage; it doubles, with full jitter.
    public var outageDelay: Duration = .milliseconds(50)
    public var outageDelayMax: Duration = .seconds(5)
    /// How long this process must have lived before it runs a transaction that took others down: one that is killed
    /// soon after its start, again and again, says nothing about what it had in hand.
    public var suspectUptime: Duration = .seconds(2)
    /// Another process may take over so long after this one was last heard of.
    public var leaseTimeToLive: Duration = .seconds(5)
    public var ledgerRetention: Duration = .seconds(30 * 86_400)
    /// There is no replica to wait for: commit is replication.
    public var releasesAtCommit = true

    public init() {}
}
