// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import TransactionBuffering
import TransactionModel

/// The processor's questions to the keyspace.
extension KeyspaceAccess {
    /// Conflict keys of one HMGET.
    private static let keysMax = 10_000

    /// How many conflict keys are held by retrying, dead and parked transactions.
    func heldCount(_ keys: SiteKeys) async throws(BufferingError) -> Int64 {
        try await integer("HLEN", keys.heldRecords)
    }

    /// Who holds what would conflict with any of these keys.
    ///
    /// A field of `held_records` is `{use}:{name}`, its value the transaction that must be resolved first.
    func held(_ wanted: [ConflictKey], _ keys: SiteKeys) async throws(BufferingError) -> HeldKeys {
        var names = Set<ByteString>()
        var fields: [(name: ByteString, use: ConflictKey.Use)] = []
        for key in wanted where names.insert(key.name).inserted {
            for use in [ConflictKey.Use.exclusive, .writes, .reads, .refers] { fields.append((key.name, use)) }
        }
        var held = HeldKeys()
        for start in stride(from: 0, to: fields.count, by: Self.keysMax) {
            let part = fields[start..<min(start + Self.keysMax, fields.count)]
            var arguments: [[UInt8]] = ["HMGET".commandBytes, keys.heldRecords.commandBytes]
            for field in part { arguments.append("\(field.use.rawValue):\(field.name.string)".commandBytes) }
            guard case .array(let values)? = try await read([Command(arguments)]).first else { continue }
            for (field, value) in zip(part, values) {
                guard case .bulk(let bytes) = value, let blocker = TransactionID(String(decoding: bytes, as: UTF8.self))
                else {
                    continue
                }
                held.hold([ConflictKey(name: field.name.string, use: field.use)], blocker: blocker)
            }
        }
        return held
    }

    /// The first retrying transaction that was accepted before a sequence.
    func retryingBefore(_ sequence: Int64, _ keys: SiteKeys) async throws(BufferingError) -> TransactionID? {
        let ids = try await members("ZRANGE", keys.transactionRetry, 0, -1)
        guard !ids.isEmpty else { return nil }
        let records = try await read(ids.map { Command("GET", keys.transaction($0)) })
        var first: (sequence: Int64, id: TransactionID)?
        for (id, record) in zip(ids, records) {
            guard case .bulk(let bytes) = record, let root = try? JSONDocument(parsing: bytes).root,
                let other = root["sequence"]?.int64, other < sequence, other < first?.sequence ?? .max
            else { continue }
            first = (other, id)
        }
        return first?.id
    }
}
