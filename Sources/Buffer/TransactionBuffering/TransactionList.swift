// SPDX-License-Identifier: MIT
import JSON
import Keyspace
public import TransactionModel

/// A page of status records.
public struct TransactionPage: Sendable {
    public var records: [[UInt8]]
    /// Continues the list; nil at its end.
    public var cursor: String?
}

extension TransactionManager {
    public static let listLimitDefault = 100
    public static let listLimitMax = 1000
    /// Records that one page looks at in order to find those that match.
    static let listScanMax = 5000

    /// Status records of a status, oldest first, or without one those most recently accepted, newest first.
    ///
    /// A page ends before its records are `bytesMax` long; one record is always in it.
    /// Entries that move meanwhile may repeat or be skipped. Throws `.invalidParameter` for a cursor that is not of this list.
    public func list(
        status: TransactionStatus?, limit: Int, cursor: String?, bytesMax: Int = .max
    ) async throws(BufferingError) -> TransactionPage {
        let source = ListSource(status, keys)
        return try await page(source, limit: limit, cursor: cursor, bytesMax: bytesMax) { record in
            status.map { record["status"]?.string == $0.rawValue } ?? true
        }
    }

    func page(
        _ source: ListSource, limit: Int, cursor: String?, bytesMax: Int = .max, where matches: (JSONView) -> Bool
    ) async throws(BufferingError) -> TransactionPage {
        var offset = try source.offset(of: cursor)
        var records: [[UInt8]] = []
        var bytesLeft = bytesMax
        var scanned = 0
        while scanned < Self.listScanMax {
            let count = min(200, max(16, limit - records.count))
            let ids = try await ids(source, offset: offset, count: count)
            // Of what another program pushed and nobody has taken in yet, there is no record.
            let known = ids.indices.filter { ids[$0] != nil }
            scanned += ids.count
            let replies = try await access.perform(
                ids.compactMap { $0 }.map { .command(Command("GET", keys.transaction($0))) })
            for (index, reply) in zip(known, replies) {
                guard case .bulk(let bytes) = reply, let root = try? JSONDocument(parsing: bytes).root, matches(root)
                else { continue }
                guard records.isEmpty || bytes.count < bytesLeft else {
                    return TransactionPage(records: records, cursor: source.cursor(offset + index))
                }
                bytesLeft -= bytes.count + 1
                records.append(bytes)
                if records.count == limit {
                    let next = offset + index + 1
                    let isEnd = index + 1 == ids.count && ids.count < count
                    return TransactionPage(records: records, cursor: isEnd ? nil : source.cursor(next))
                }
            }
            offset += ids.count
            if ids.count < count { return TransactionPage(records: records, cursor: nil) }
        }
        return TransactionPage(records: records, cursor: source.cursor(offset))
    }

    /// Nil for an element that is no transaction of ours. Fewer than `count`: that is the end.
    private func ids(_ source: ListSource, offset: Int, count: Int) async throws(BufferingError) -> [TransactionID?] {
        guard
            case .array(let members)? = try await access.perform(.command(source.command(offset: offset, count: count)))
        else {
            return []
        }
        let ids = members.map { reply -> TransactionID? in
            guard case .bulk(let bytes) = reply else { return nil }
            return source.isBuffer
                ? (try? JSONDocument(parsing: bytes).root)?["transaction_id"]?.string.flatMap { TransactionID($0) }
                : TransactionID(String(decoding: bytes, as: UTF8.self))
        }
        let found = source.isBuffer ? ids.reversed() : ids
        guard source.hasParked, found.count < count else { return found }
        return found + (try await parked(offset: offset, found: found.count, count: count - found.count))
    }

    /// Behind the buffer: what is parked behind each transaction that is retried or dead.
    /// - Parameter found: How many the buffer had from `offset` on.
    private func parked(
        offset: Int, found: Int, count: Int
    ) async throws(BufferingError) -> [TransactionID?] {
        guard case .bulk(let number)? = try await access.read([Command("HGET", keys.counters, "parked")]).first,
            number != Array("0".utf8)
        else { return [] }
        var skipped = 0
        if found == 0 { skipped = max(0, offset - Int(try await access.integer("LLEN", keys.transactionBuffer))) }
        var blockers: [TransactionID] = []
        for key in [keys.transactionRetry, keys.transactionDeadLetter] {
            blockers += try await access.members("ZRANGE", key, 0, -1)
        }
        let lengths = try await access.read(blockers.map { Command("LLEN", keys.parked(behind: $0)) })
        var result: [TransactionID?] = []
        for (blocker, length) in zip(blockers, lengths) where result.count < count {
            guard case .integer(let length) = length, length > 0 else { continue }
            guard skipped < Int(length) else {
                skipped -= Int(length)
                continue
            }
            let last = skipped + count - result.count - 1
            result += try await access.members("LRANGE", keys.parked(behind: blocker), skipped, last)
            skipped = 0
        }
        return result
    }
}

/// The key in which the transactions of a status are listed.
struct ListSource {
    let word: String
    private let key: String
    /// A list of transactions, worked from the tail; else a sorted set of ids.
    let isBuffer: Bool
    /// Pending are also those that are parked, which are not in the buffer.
    let hasParked: Bool
    private let isNewestFirst: Bool

    init(_ status: TransactionStatus?, _ keys: SiteKeys) {
        word = status?.rawValue ?? "recent"
        hasParked = status == .pending
        switch status {
        case .pending, .processing: (key, isBuffer, isNewestFirst) = (keys.transactionBuffer, true, false)
        case .retrying: (key, isBuffer, isNewestFirst) = (keys.transactionRetry, false, false)
        case .deadLetter: (key, isBuffer, isNewestFirst) = (keys.transactionDeadLetter, false, false)
        case .committed: (key, isBuffer, isNewestFirst) = (keys.replicationPending, false, false)
        case .replicated, .cancelled, .discarded, nil:
            (key, isBuffer, isNewestFirst) = (keys.transactionRecent, false, true)
        }
    }

    func command(offset: Int, count: Int) -> Command {
        if isBuffer { return Command("LRANGE", key, -(offset + count), -(offset + 1)) }
        return isNewestFirst
            ? Command("ZRANGE", key, offset, offset + count - 1, "REV")
            : Command("ZRANGE", key, offset, offset + count - 1)
    }

    func cursor(_ offset: Int) -> String { "\(word).\(offset)" }

    func offset(of cursor: String?) throws(BufferingError) -> Int {
        guard let cursor else { return 0 }
        let parts = cursor.split(separator: ".")
        guard parts.count == 2, parts[0] == word, let offset = Int(parts[1]), offset >= 0 else {
            throw BufferingError(.invalidParameter, "is no cursor of this list", path: "cursor")
        }
        return offset
    }
}
