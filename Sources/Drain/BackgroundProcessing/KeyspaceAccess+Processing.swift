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
        let earlier = try await sequences(of: ids, keys).filter { $0.value < sequence }
        return earlier.min { $0.value < $1.value }?.key
    }

    /// Places in the order of acceptance, of those that are there.
    func sequences(
        of ids: [TransactionID], _ keys: SiteKeys
    ) async throws(BufferingError) -> [TransactionID: Int64] {
        guard !ids.isEmpty else { return [:] }
        var sequences: [TransactionID: Int64] = [:]
        for (id, record) in zip(ids, try await read(ids.map { Command("GET", keys.transaction($0)) })) {
            guard case .bulk(let bytes) = record, let root = try? JSONDocument(parsing: bytes).root else { continue }
            sequences[id] = root["sequence"]?.int64
        }
        return sequences
    }
}
