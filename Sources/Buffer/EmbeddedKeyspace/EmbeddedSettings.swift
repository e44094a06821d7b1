// SPDX-License-Identifier: MIT
public import Keyspace

/// How an ``EmbeddedKeyspace`` keeps a site's transactions.
public struct EmbeddedSettings: Sendable {
    /// The database file; `.lock`, `-wal` and `keyspace.reserve` lie beside it.
    public var path: String
    public var site: SiteSettings
    /// Operations that may wait for the writer; beyond, callers are answered `busy`.
    public var operationsMax = 65_536
    /// Bytes of payloads and arguments that wait for the writer; beyond, `busy`.
    public var waitingBytesMax = 64 << 20
    /// Terminal statuses kept; beyond, the oldest expire before their time.
    public var terminalMax = 1_000_000
    /// Ids that are remembered after their status expired, so that a repeat is still answered as one.
    public var rememberedMax = 10_000_000
    /// How long such an id is remembered: `ledger.retention`.
    public var rememberedFor: Duration = .seconds(30 * 86_400)
    /// What is given up when the disk is full, so that the drain goes on.
    public var reserveBytes = 32 << 20
    /// Size of the database file at most, the reserve included; nil: what the disk holds.
    public var fileBytesMax: Int?
    /// SQLite's page cache.
    public var cacheBytes = 12 << 20
    /// The write-ahead log is moved into the database when it is about this large; everybody waits meanwhile. Measured, 64
    /// connections: with 16 MiB the slowest of a hundred accepts took 18 ms, with 4 MiB 8 to 10 ms at the same rate; 1 MiB, or
    /// a second connection that moves it beside the writer, made no difference to that.
    public var logBytesMax = 4 << 20
    /// Commits that take less are quick: while one of them runs, nobody is missed.
    var quickCommitMax = Duration.milliseconds(1)

    public init(path: String, site: SiteSettings) {
        self.path = path
        self.site = site
    }

    /// Bytes of a page of a new file. Measured: 8192 made no difference to accepts of 400 bytes.
    static let pageBytes = 4096
    /// Operations in one group commit at most; it bounds how long the first of them waits.
    static let groupOperationsMax = 1024
    /// A group with so many bytes takes no more in: as large as the log shall be.
    static let groupBytesMax = 4 << 20
    /// Members of `transaction_recent`.
    static let recentMax = 10_000
    /// Keys that one KEYS may answer; beyond, it is refused in favour of SCAN.
    static let keysMax = 100_000
    /// Rows that expiry removes along with a group, besides two for each of its operations.
    static let expiryStep = 64
    /// Rows that it removes when it is asked to maintain.
    static let maintenanceStep = 4096
    /// How often a group looks for expired keys of the ordinary commands.
    static let keyExpiryInterval: Duration = .milliseconds(100)
}
