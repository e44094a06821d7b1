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
///
/// Positions of two systems can't be compared: who has both looks at ``system`` first.
public struct Position: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The cluster whose log it counts: PostgreSQL's system identifier. 0 where there is none, or nobody asked for it.
    public var system: UInt64
    /// 0 for databases without timelines.
    public var timeline: UInt32
    public var value: UInt64

    public init(_ value: UInt64, timeline: UInt32 = 0, system: UInt64 = 0) {
        self.value = value
        self.timeline = timeline
        self.system = system
    }

    /// Whether both may count the same log, as far as they say.
    public func isComparable(with other: Self) -> Bool { system == other.system || system == 0 || other.system == 0 }

    public static func < (a: Self, b: Self) -> Bool { (a.timeline, a.value) < (b.timeline, b.value) }

    /// A decimal number, or PostgreSQL's `hi/lo` in hexadecimal where there is a timeline.
    public var description: String {
        guard timeline != 0 else { return String(value) }
        return String(value >> 32, radix: 16, uppercase: true) + "/"
            + String(value & 0xFFFF_FFFF, radix: 16, uppercase: true)
    }
}
