// SPDX-License-Identifier: MIT

/// What `server.stats` shows of an embedded keyspace.
public struct KeyspaceStatistics: Sendable, Hashable {
    /// The members of the key `counters`.
    public var counters: [String: Int64] = [:]
    /// Size of the database file, and what of it is free for new rows.
    public var fileBytes: Int64 = 0
    public var freeBytes: Int64 = 0
    /// Size of the write-ahead log's file.
    public var logBytes: Int64 = 0
    /// Commits, each with one fsync, since the start.
    public var groups: Int64 = 0
    /// Operations in those groups.
    public var operations: Int64 = 0
    /// Groups that were rolled back and run one by one.
    public var groupsRepeated: Int64 = 0
    public var checkpoints: Int64 = 0
    /// The reserve is given up: accepts are answered `full`.
    public var isFull = false

    public init() {}

    /// Operations per commit.
    public var groupSize: Double { groups == 0 ? 0 : Double(operations) / Double(groups) }
}
