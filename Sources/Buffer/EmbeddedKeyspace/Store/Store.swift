// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import SQLiteConnection
import TransactionModel

/// The site's file and what is known of it in memory. It lives on the writer thread.
///
/// Every operation checks everything first and then writes, so that a refusal leaves nothing behind and no savepoint is
/// needed; a failure of the file in the middle is answered by rolling the whole group back.
final class Store {
    let connection: SQLiteConnection
    let settings: EmbeddedSettings
    let keys: SiteKeys
    let site: SiteGuard
    let transactions: TransactionTable
    let overlay: OverlayTable
    let held: HeldTable
    let engine: CommandEngine
    var memory = StoreMemory()
    /// The reserve is given up: nothing new is taken in.
    var isFull = false
    /// What the replies to the commands hold that were asked for together with the one that runs.
    private var replyBytes = 0
    private var written = Counters()
    private var before = StoreMemory()

    /// Takes over an open file: what a dead process had claimed waits again.
    init(_ connection: SQLiteConnection, settings: EmbeddedSettings) throws(SQLiteError) {
        self.connection = connection
        self.settings = settings
        keys = settings.site.keys
        site = SiteGuard(keys: keys)
        transactions = try TransactionTable(connection)
        overlay = try OverlayTable(connection)
        held = HeldTable(connection: connection)
        engine = CommandEngine(connection: connection)
        written = try Counters(from: connection)
        memory.counters = written
        try memory.counters.catchUp(with: connection)
        engine.onTouch = { [unowned self] key in memory.watches.touch(key) }
        engine.onExpire = { [unowned self] key in memory.watches.expire(key) }
        try connection.execute("BEGIN IMMEDIATE")
        try countUnresolved(ClaimLedger.takeLeftOvers(from: connection))
        try connection.execute("COMMIT")
        let lease = try engine.run(Command("GET", keys.processorLease), now: Timestamp(microseconds: 0))
        if case .bulk(let bytes) = lease, let record = LeaseRecord(bytes) { memory.leaseToken = record.token }
    }

    func perform(_ operation: Operation, now: Timestamp) throws(SQLiteError) -> Reply {
        switch operation {
        case .command(let command): try run(command, now: now)
        case .accept(let accept): .accept(try AcceptProcedure(store: self).run(accept))
        case .claim(let claim): .claim(try ClaimProcedure(store: self).run(claim), foreign: [])
        case .advance(let advance): .advance(try run(advance))
        case .release(let release): .release(try ReleaseProcedure(store: self).run(release))
        case .overlay(let read): .overlay(try OverlayReader(store: self).run(read))
        case .lease(let request): .lease(try LeaseProcedure(store: self, now: now).run(request))
        // Nobody else can push into a file that is held exclusively.
        case .adopt: .adopt(.gone)
        }
    }

    private func run(_ command: Command, now: Timestamp) throws(SQLiteError) -> Reply {
        let reply = try CommandRouter(store: self).run(command, now: now)
        guard let replyBytesMax = command.replyBytesMax else { return reply }
        let bytes = reply.bytes
        guard replyBytes + bytes <= replyBytesMax else { return .error(.tooLarge) }
        replyBytes += bytes
        return reply
    }

    /// Several operations, one after the other; an advance and the release that follows it are one pass over the rows.
    func perform(_ operations: [Operation], now: Timestamp) throws(SQLiteError) -> [Reply] {
        if operations.count == 2, case .advance(let advance) = operations[0], case .release(let release) = operations[1]
        {
            var procedure = AdvanceProcedure(store: self, followedBy: release)
            let outcomes = try procedure.run(advance)
            let others = try procedure.rest.map { (rest) throws(SQLiteError) in
                try ReleaseProcedure(store: self).run(rest).released
            }
            return [
                .advance(outcomes), .release(ReleaseOutcome(released: procedure.released + (others ?? 0))),
            ]
        }
        replyBytes = 0
        var replies: [Reply] = []
        replies.reserveCapacity(operations.count)
        for operation in operations { replies.append(try perform(operation, now: now)) }
        return replies
    }

    private func run(_ advance: Advance) throws(SQLiteError) -> [AdvanceOutcome] {
        var procedure = AdvanceProcedure(store: self)
        return try procedure.run(advance)
    }

    /// Removes expired keys of the ordinary commands.
    func expireKeys(keysMax: Int, now: Timestamp) throws(SQLiteError) {
        _ = try engine.expire(keysMax: keysMax, now: now)
    }

    /// Claims without outcome whose holder is gone.
    func countUnresolved(_ sequences: [Int64]) throws(SQLiteError) {
        for sequence in sequences { try transactions.update(sequence, "claims = claims + 1") }
        if let oldest = sequences.min() { memory.waits(oldest) }
    }
}

// MARK: Groups

extension Store {
    /// Remembers what is in memory: ``rollback()`` returns to it.
    func mark() { before = memory }

    func begin() throws(SQLiteError) { try connection.statement("BEGIN IMMEDIATE").run() }

    /// Everything since ``begin()`` is on stable storage when it returns.
    func commit() throws(SQLiteError) {
        try memory.claims.flush(to: connection)
        let counters = memory.counters
        let tells = counters.isTold(byRowsAfter: written)
        if !tells { try counters.write(to: connection) }
        try connection.statement("COMMIT").run()
        if !tells { written = counters }
    }

    /// Lets go of what ``mark()`` remembered, so that the next change copies nothing.
    func unmark() { before = StoreMemory() }

    /// As if the group had never been; also after SQLite itself rolled back.
    func rollback() {
        memory = before
        if connection.isInTransaction { try? connection.execute("ROLLBACK") }
    }
}

// MARK: Touches

extension Store {
    /// A transaction changed; so did the collections it is part of.
    func touch(_ id: TransactionID, _ collections: KeyPath<SiteKeys, String>...) {
        guard !memory.watches.isEmpty else { return }
        touch(keys.transaction(id))
        touch(keys.affectedRecords(id))
        touch(keys.counters)
        for collection in collections { touch(keys[keyPath: collection]) }
    }

    /// The overlay of these records changed.
    func touch(_ records: [RecordKey]) {
        guard !memory.watches.isEmpty else { return }
        for record in records {
            touch(keys.cachedIDs(record))
            touch(keys.buffered(record))
            touch(keys.recordPending(record))
            touch(keys.readBuffer(record))
            touch(keys.readBufferUpdates(record))
            touch(keys.bufferedIndex(model: record.model.string))
        }
    }

    func touch(_ key: String) { memory.watches.touch(Array(key.utf8)) }
}

extension Reply {
    /// Roughly what it holds in memory.
    fileprivate var bytes: Int {
        switch self {
        case .bulk(let bytes): bytes.count
        case .status(let text): text.utf8.count
        case .array(let elements): elements.reduce(0) { $0 + $1.bytes + MemoryLayout<Reply>.stride }
        case .null, .integer, .error, .accept, .claim, .advance, .release, .overlay, .lease, .adopt: 0
        }
    }
}
