// SPDX-License-Identifier: MIT
public import TransactionModel

/// The names of a site's keys. They are the contract with everyone who inspects the keyspace.
public struct SiteKeys: Sendable, Hashable {
    /// `site:{name}:`, the braces only with `hashTag`, which puts all keys of a site on one node of a Redis Cluster.
    public let prefix: String

    public init(site: String, hashTag: Bool = false) {
        prefix = hashTag ? "site:{\(site)}:" : "site:\(site):"
    }

    /// A key of this or of another site, which may share the store.
    public static func ofAnySite(_ key: [UInt8]) -> Bool { key.starts(with: "site:".utf8) }

    /// list: LPUSH in, work from the tail
    public var transactionBuffer: String { prefix + "transaction_buffer" }
    /// zset by due time, ms
    public var transactionRetry: String { prefix + "transaction_retry" }
    /// zset by time of death, ms
    public var transactionDeadLetter: String { prefix + "transaction_dead_letter" }
    /// zset by time of acceptance, ms
    public var transactionRecent: String { prefix + "transaction_recent" }
    /// hash: conflict key -> blocker
    public var heldRecords: String { prefix + "held_records" }
    /// zset by position
    public var replicationPending: String { prefix + "replication_pending" }
    /// string: timeline, value and system of the position that every replica had when something was released last
    public var releasedPosition: String { prefix + "released_position" }
    /// string: system and timeline of the main database with which all that waits for the replicas was compared
    public var mainOrigin: String { prefix + "main_origin" }
    /// string, JSON
    public var schema: String { prefix + "schema" }
    /// hash
    public var counters: String { prefix + "counters" }
    /// string
    public var processorLease: String { prefix + "processor_lease" }

    /// string, JSON status record
    public func transaction(_ id: TransactionID) -> String { prefix + "transaction:" + id.string }
    /// list in order of acceptance
    public func parked(behind blocker: TransactionID) -> String { prefix + "parked:" + blocker.string }
    /// string: the bytes of what another program pushed and was no transaction
    public func deadLetterRaw(_ id: TransactionID) -> String { prefix + "dead_letter_raw:" + id.string }
    /// string, JSON record
    public func cachedIDs(_ record: RecordKey) -> String { prefix + "cache:ids:" + record.keySuffix }
    /// string, JSON record
    public func buffered(_ record: RecordKey) -> String { prefix + "buffered:" + record.keySuffix }
    /// list of JSON changes in order of acceptance: the truth of the overlay
    public func recordPending(_ record: RecordKey) -> String { prefix + "record_pending:" + record.keySuffix }
    /// set of encoded ids
    public func bufferedIndex(model: String) -> String { prefix + "buffered_index:" + RecordKey.encoded(model) }
    /// hash: column -> JSON
    public func readBuffer(_ record: RecordKey) -> String { prefix + "read_buffer:" + record.keySuffix }
    /// list of JSON, oldest first
    public func readBufferUpdates(_ record: RecordKey) -> String { readBuffer(record) + ":updates" }
    /// set of `{model}:{id}`
    public func affectedRecords(_ id: TransactionID) -> String {
        prefix + "read_buffer:transaction:" + id.string + ":affected_records"
    }
}
