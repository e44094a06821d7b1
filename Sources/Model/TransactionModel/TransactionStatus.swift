// SPDX-License-Identifier: MIT

/// Where a transaction stands.
///
///     pending ─> processing ─┬─> committed ─> replicated
///        │           │ │     └─> retrying ─> pending
///        └> cancelled│ └─> dead_letter ─┬─> pending
///                    └─> pending        └─> discarded
public enum TransactionStatus: String, Sendable, Hashable, CaseIterable {
    case pending, processing, retrying, committed, replicated
    case deadLetter = "dead_letter"
    case cancelled, discarded

    /// Nothing will change any more; the TTL runs.
    public var isTerminal: Bool {
        switch self {
        case .replicated, .cancelled, .discarded: true
        case .pending, .processing, .retrying, .committed, .deadLetter: false
        }
    }
}

/// Why an attempt failed, as the status record shows it.
public struct FailureRecord: Sendable, Hashable {
    /// A stable word: `constraint_unique`, `record_missing`, `crash_suspect`...
    public var code: String
    /// One sentence without values.
    public var message: String
    public var at: Timestamp

    public init(code: String, message: String, at: Timestamp) {
        self.code = code
        self.message = message
        self.at = at
    }
}

/// The position that covers a commit: a ledger sequence, or an LSN with its timeline. Compared as a value, never as text.
public struct Position: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// 0 for databases without timelines.
    public var timeline: UInt32
    public var value: UInt64

    public init(_ value: UInt64, timeline: UInt32 = 0) {
        self.value = value
        self.timeline = timeline
    }

    public static func < (a: Self, b: Self) -> Bool { (a.timeline, a.value) < (b.timeline, b.value) }

    /// A decimal number, or PostgreSQL's `hi/lo` in hexadecimal where there is a timeline.
    public var description: String {
        guard timeline != 0 else { return String(value) }
        return String(value >> 32, radix: 16, uppercase: true) + "/"
            + String(value & 0xFFFF_FFFF, radix: 16, uppercase: true)
    }
}
