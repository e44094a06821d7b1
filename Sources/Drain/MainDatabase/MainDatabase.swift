// SPDX-License-Identifier: MIT
public import JSON
public import TransactionModel

/// The database in which the effects of transactions end up. An adapter owns its library and its threads.
///
/// Two tables of ours live in it: `sluice_ledger`, a row per applied transaction that commits together with its
/// effects, and `sluice_lease`, whose token fences off a processor that lost its lease.
public protocol MainDatabase: DatabaseReader {
    /// How statements are written for it.
    var dialect: SQLDialect { get }

    /// How many batches may be applied beside each other.
    var lanesMax: Int { get }

    /// Creates our tables where they are missing and raises the site's token to max(database, `atLeast`) + 1, which
    /// waits out commits of the previous holder in flight.
    func takeLease(site: String, atLeast: Int64) async throws(DatabaseError) -> Lease

    /// Reachable, writable at this moment, the lease still ours, the database still the one in which it was taken.
    /// Changes nothing.
    func verify(_ lease: Lease) async throws(DatabaseError)

    /// Applies a batch in one database transaction, ledger rows included, or none of it.
    ///
    /// Throws when the batch as a whole could not run or its outcome is unknown; a fault of one of its transactions
    /// is ``BatchOutcome/failed(index:_:)``, and then nothing of the batch was applied. Where the database that would apply
    /// it is of another ``Lease/origin`` it throws ``DatabaseError/Kind/leaseLost``, and has applied nothing.
    func apply(_ batch: [PreparedTransaction], under lease: Lease) async throws(DatabaseError) -> BatchOutcome

    /// Forgets ledger rows older than a moment, at most `rowsMax` of them; says how many.
    func pruneLedger(before: Timestamp, rowsMax: Int) async throws(DatabaseError) -> Int
}

extension MainDatabase {
    /// One writer at a time.
    public var lanesMax: Int { 1 }
}

/// A database that can be read: the main one or a replica of it.
public protocol DatabaseReader: Sendable {
    /// Tables, columns, keys, defaults. Our own tables are left out.
    func introspect() async throws(DatabaseError) -> Schema

    /// What the role that connects may not do, of what reading and applying need. Empty where there are no roles.
    func missingRights() async throws(DatabaseError) -> [MissingRight]

    /// Runs a body on one consistent snapshot. It runs on a thread of the adapter, off the cooperative pool.
    func read<R: Sendable>(
        _ body: @escaping @Sendable (any DatabaseSnapshot) throws(DatabaseError) -> R
    ) async throws(DatabaseError) -> R

    /// The position up to which this database has everything.
    func position() async throws(DatabaseError) -> Position

    func close() async
}

extension DatabaseReader {
    public func missingRights() async throws(DatabaseError) -> [MissingRight] { [] }
}

/// A right that nobody has granted.
public struct MissingRight: Sendable, Hashable {
    /// As GRANT spells it: `SELECT`, `INSERT`, `UPDATE`, `DELETE`; `USAGE` and `CREATE` for a schema.
    public var right: String
    /// As GRANT wants it: a table, or `SCHEMA` and its name.
    public var object: String
    /// Without it nothing works at all; else only what touches the object.
    public var isVital: Bool

    public init(_ right: String, on object: String, isVital: Bool) {
        self.right = right
        self.object = object
        self.isVital = isVital
    }
}

/// One consistent view; valid only inside the body that it was handed to.
public protocol DatabaseSnapshot {
    /// Where its rows come from. Throws where that is not known: a standby can't tell its timeline.
    func origin() throws(DatabaseError) -> DatabaseOrigin

    /// The snapshot has everything up to here at least. Nil where the database can't be behind what it answered before.
    func position() throws(DatabaseError) -> Position?

    /// The ledger rows of those transactions that have one.
    func ledger(_ transactions: [TransactionID]) throws(DatabaseError) -> [TransactionID: LedgerEntry]

    /// A record by the canonical values of its primary key, in key order; values in the order of `table.columns`.
    func record(_ table: Table, key: [JSONValue]) throws(DatabaseError) -> [JSONValue]?

    /// Visits the records that match, in order, until the visitor answers false.
    func records(
        _ table: Table, where condition: Condition?, order: Ordering,
        _ visit: ([JSONValue]) throws(DatabaseError) -> Bool
    ) throws(DatabaseError)

    func count(_ table: Table, where condition: Condition?) throws(DatabaseError) -> Int64
}

extension DatabaseSnapshot {
    public func position() throws(DatabaseError) -> Position? { nil }

    public func origin() throws(DatabaseError) -> DatabaseOrigin { .unnamed }
}

/// A row of `sluice_ledger`.
public struct LedgerEntry: Sendable, Equatable {
    public var position: Position
    public var contentHash: ContentHash
    /// JSON object; nil where every id was known at accept.
    public var generatedIDs: [UInt8]?
    public var appliedAt: Timestamp

    public init(position: Position, contentHash: ContentHash, generatedIDs: [UInt8]?, appliedAt: Timestamp) {
        self.position = position
        self.contentHash = contentHash
        self.generatedIDs = generatedIDs
        self.appliedAt = appliedAt
    }
}

/// The right to apply for a site, as long as the database's token equals this one and the database is of its origin.
public struct Lease: Sendable, Hashable {
    public var site: String
    public var token: Int64
    /// The database had never given a token as high as the one that was asked for: who has seen that one saw another
    /// database, or a later state of this one.
    public var isOfOlderDatabase: Bool
    /// The database in which it was taken.
    public var origin: DatabaseOrigin

    public init(site: String, token: Int64, isOfOlderDatabase: Bool = false, origin: DatabaseOrigin = .unnamed) {
        self.site = site
        self.token = token
        self.isOfOlderDatabase = isOfOlderDatabase
        self.origin = origin
    }
}

public enum BatchOutcome: Sendable, Equatable {
    /// One per transaction.
    case applied([Applied])
    /// The transaction at `index` failed; the whole batch was rolled back. For what shows only at COMMIT, such as a
    /// deferred foreign key, it is the last one, since the database does not say whose fault it is.
    case failed(index: Int, DatabaseError)

    public enum Applied: Sendable, Equatable {
        /// `generatedIDs`: JSON object, when the database assigned ids.
        case now(Position, generatedIDs: [UInt8]?)
        /// The ledger had it: the effects were there before.
        case before(Position, generatedIDs: [UInt8]?)
        /// The ledger has the id with other content; nothing was done for this one.
        case conflict
    }
}
