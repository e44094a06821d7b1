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
            let replies = try await access.perform(ids.map { .command(Command("GET", keys.transaction($0))) })
            for (index, reply) in replies.enumerated() {
                scanned += 1
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

    private func ids(_ source: ListSource, offset: Int, count: Int) async throws(BufferingError) -> [TransactionID] {
        guard
            case .array(let members)? = try await access.perform(.command(source.command(offset: offset, count: count)))
        else {
            return []
        }
        let ids = members.compactMap { reply -> TransactionID? in
            guard case .bulk(let bytes) = reply else { return nil }
            return source.isBuffer
                ? (try? JSONDocument(parsing: bytes).root)?["transaction_id"]?.string.flatMap { TransactionID($0) }
                : TransactionID(String(decoding: bytes, as: UTF8.self))
        }
        return source.isBuffer ? ids.reversed() : ids
    }
}

/// The key in which the transactions of a status are listed.
struct ListSource {
    let word: String
    private let key: String
    /// A list of transactions, worked from the tail; else a sorted set of ids.
    let isBuffer: Bool
    private let isNewestFirst: Bool

    init(_ status: TransactionStatus?, _ keys: SiteKeys) {
        word = status?.rawValue ?? "recent"
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
