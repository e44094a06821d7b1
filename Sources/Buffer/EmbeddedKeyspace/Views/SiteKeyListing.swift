// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import SQLiteConnection
import TransactionModel

/// KEYS, SCAN and DBSIZE over the ordinary keys and the site's views.
struct SiteKeyListing {
    let store: Store
    let now: Timestamp

    /// Cursors from here on count through the site's transactions, each with the keys of what it changes.
    private static let siteCursor: Int64 = 1 << 62
    private static let pageMax = 1000

    func run(_ command: Command) throws(SQLiteError) -> Reply {
        let ordinary = try store.engine.run(command, now: now)
        do {
            var arguments = ArgumentReader(command)
            switch (command.name, ordinary) {
            case ("KEYS", .array(let keys)): return try self.keys(matching: try arguments.bytes(), ordinary: keys)
            case ("SCAN", .array(let parts)): return try scan(&arguments, ordinary: parts)
            // The keys of records are left out: to count them is to walk through all of them.
            case ("DBSIZE", .integer(let count)):
                let single = try singleKeys().filter { try exists($0) }
                return .integer(count + store.memory.counters.rows + Int64(single.count))
            default: return ordinary
            }
        } catch let error as CommandError {
            return .error(error)
        } catch let error as SQLiteError {
            throw error
        } catch {
            preconditionFailure("A command fails as a command or as SQLite does.")
        }
    }

    private func keys(matching pattern: [UInt8], ordinary: [Reply]) throws -> Reply {
        let literal = pattern.prefix { !"*?[\\".utf8.contains($0) }
        guard literal.starts(with: store.site.prefix) || store.site.prefix.starts(with: literal) else {
            return .array(ordinary)
        }
        guard store.memory.counters.rows <= EmbeddedSettings.keysMax else {
            throw CommandError.err("too many keys; use SCAN")
        }
        let glob = GlobPattern(pattern)
        var found: [Reply] = []
        var seen: Set<[UInt8]> = []
        var last: Int64 = 0
        while let page = try self.page(after: last), !page.keys.isEmpty {
            for key in page.keys where glob.matches(key) && seen.insert(key).inserted {
                if try exists(key) { found.append(.bulk(key)) }
            }
            last = page.last
        }
        return .array(ordinary + found)
    }

    private func scan(_ arguments: inout ArgumentReader, ordinary: [Reply]) throws -> Reply {
        guard let cursor = Int64(exactly: try ScanOptions.cursor(&arguments)), ordinary.count == 2 else {
            return .array(ordinary)
        }
        guard cursor >= Self.siteCursor else {
            // After the last ordinary key comes the site.
            guard ordinary[0] == .bulk([UInt8(ascii: "0")]), store.memory.counters.rows > 0 else {
                return .array(ordinary)
            }
            return .array([.bulk(Self.siteCursor.commandBytes), ordinary[1]])
        }
        let options = try ScanOptions(&arguments, takesType: true)
        guard let page = try page(after: cursor - Self.siteCursor, limit: min(options.count, Self.pageMax)) else {
            return ScanOptions.reply(next: 0, [])
        }
        var found: [Reply] = []
        for key in page.keys where options.matches(key) {
            guard let view = SiteViews(store: store, now: now).view(of: key), try view.exists() else { continue }
            if let type = options.type, type != view.typeName { continue }
            found.append(.bulk(key))
        }
        return ScanOptions.reply(next: page.isLast ? 0 : Self.siteCursor + page.last, found)
    }

    /// The keys that transactions in order of acceptance bring with them, each once per page; nil at the end. Not all need exist.
    private func page(
        after sequence: Int64, limit: Int = pageMax
    ) throws(SQLiteError) -> (keys: [[UInt8]], last: Int64, isLast: Bool)? {
        let statement = try store.connection.statement(
            "SELECT sequence, id, payload FROM txn WHERE sequence > ? ORDER BY sequence LIMIT ?")
        defer { statement.reset() }
        statement.bind(1, sequence)
        statement.bind(2, Int64(limit))
        var keys = sequence == 0 ? singleKeys() : []
        var last = sequence
        var count = 0
        while try statement.step() {
            last = statement.int64(0)
            count += 1
            if let id = statement.text(1).flatMap({ TransactionID($0) }) {
                keys += self.keys(of: id, statement.bytes(2) ?? [])
            }
        }
        guard count > 0 else { return nil }
        var seen: Set<[UInt8]> = []
        return (keys.filter { seen.insert($0).inserted }, last, count < limit)
    }

    private func singleKeys() -> [[UInt8]] {
        let keys = store.keys
        return [
            keys.transactionBuffer, keys.transactionRetry, keys.transactionDeadLetter, keys.transactionRecent,
            keys.heldRecords, keys.replicationPending, keys.counters,
        ].map { Array($0.utf8) }
    }

    private func keys(of id: TransactionID, _ payload: [UInt8]) -> [[UInt8]] {
        let keys = store.keys
        var list = [keys.transaction(id), keys.parked(behind: id), keys.affectedRecords(id)]
        for record in StoredTransaction(payload: payload)?.records ?? [] {
            list += [
                keys.cachedIDs(record), keys.buffered(record), keys.recordPending(record), keys.readBuffer(record),
                keys.readBufferUpdates(record), keys.bufferedIndex(model: record.model.string),
            ]
        }
        return list.map { Array($0.utf8) }
    }

    private func exists(_ key: [UInt8]) throws(SQLiteError) -> Bool {
        try CommandRouter(store: store).exists(key, now: now)
    }
}
