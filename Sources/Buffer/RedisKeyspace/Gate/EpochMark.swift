// SPDX-License-Identifier: MIT

/// Identifies a site's keyspace and tells how far it had come, so that one that came back without its end is noticed.
public struct EpochMark: Sendable, Hashable {
    /// Made with the keyspace, at random.
    public var id: String
    /// At least so many transactions had been accepted.
    public var sequence: Int64

    public init(id: String, sequence: Int64) {
        self.id = id
        self.sequence = sequence
    }
}

/// A keyspace that is not what it was.
public struct SetBack: Sendable, Hashable {
    public enum Kind: String, Sendable {
        /// The keyspace was made anew: the server restarted empty, was flushed, or is another one.
        case replaced
        /// It is the same, and lacks what was acknowledged last: the server restarted from an older file.
        case older
    }

    public var kind: Kind
    public var expected: EpochMark
    public var found: EpochMark

    public init(_ kind: Kind, expected: EpochMark, found: EpochMark) {
        self.kind = kind
        self.expected = expected
        self.found = found
    }

    /// One sentence that a person can act on.
    public var message: String {
        switch kind {
        case .replaced:
            "The keyspace in Redis was made anew: transactions that were acknowledged and not yet applied are missing."
                + " Restore the server's file, or let the clients repeat what they have no commit for."
        case .older:
            "Redis came back from an older file: at least \(max(expected.sequence - found.sequence, 0)) acknowledged"
                + " transactions are missing. Let the clients repeat what they have no commit for."
        }
    }
}
