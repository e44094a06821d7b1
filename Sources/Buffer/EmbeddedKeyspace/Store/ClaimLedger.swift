// SPDX-License-Identifier: MIT
import SQLiteConnection
import TransactionModel

/// Which pending transactions are being processed, and since when.
///
/// A claim is one row per batch, not an update per transaction. What has its outcome leaves the batch, so that after a
/// crash the rows name exactly the transactions whose outcome nobody knows.
struct ClaimLedger {
    struct Batch {
        var token: Int64
        var at: Timestamp
        var open: Set<Int64>
    }

    private var batches: [Int64: Batch] = [:]
    private var owners: [Int64: Int64] = [:]
    private var changed: Set<Int64> = []
    private var lastNumber: Int64 = 0

    var count: Int { owners.count }

    func contains(_ sequence: Int64) -> Bool { owners[sequence] != nil }

    /// When it was claimed.
    func time(of sequence: Int64) -> Timestamp? { owners[sequence].flatMap { batches[$0]?.at } }

    /// Under which token it was claimed.
    func token(of sequence: Int64) -> Int64? { owners[sequence].flatMap { batches[$0]?.token } }

    mutating func open(_ sequences: [Int64], token: Int64, at: Timestamp) {
        guard !sequences.isEmpty else { return }
        lastNumber += 1
        batches[lastNumber] = Batch(token: token, at: at, open: Set(sequences))
        for sequence in sequences { owners[sequence] = lastNumber }
        changed.insert(lastNumber)
    }

    /// The transaction has an outcome. Answers when it was claimed; nil when it was not.
    mutating func resolve(_ sequence: Int64) -> Timestamp? {
        guard let number = owners.removeValue(forKey: sequence) else { return nil }
        changed.insert(number)
        batches[number]?.open.remove(sequence)
        return batches[number]?.at
    }

    /// Ends the batches of older tokens: their holder is gone. Answers what they left without outcome.
    mutating func abandon(before token: Int64) -> [Int64] {
        guard batches.contains(where: { $0.value.token < token && !$0.value.open.isEmpty }) else { return [] }
        var left: [Int64] = []
        for (number, batch) in batches where batch.token < token {
            left += batch.open
            batches[number]?.open = []
            changed.insert(number)
        }
        for sequence in left { owners[sequence] = nil }
        return left.sorted()
    }

    /// Writes what changed since the last call.
    mutating func flush(to connection: SQLiteConnection) throws(SQLiteError) {
        guard !changed.isEmpty else { return }
        for number in changed {
            guard let batch = batches[number] else { continue }
            if batch.open.isEmpty {
                batches[number] = nil
                let statement = try connection.statement("DELETE FROM claim WHERE number = ?")
                statement.bind(1, number)
                try statement.run()
            } else {
                let statement = try connection.statement("REPLACE INTO claim VALUES(?, ?, ?, ?)")
                statement.bind(1, number)
                statement.bind(2, batch.token)
                statement.bind(3, batch.at.microseconds)
                statement.bind(4, Self.encoded(batch.open))
                try statement.run()
            }
        }
        changed.removeAll(keepingCapacity: true)
    }

    /// What the rows of a process that died left without outcome; the rows go.
    static func takeLeftOvers(from connection: SQLiteConnection) throws(SQLiteError) -> [Int64] {
        var left: [Int64] = []
        let statement = try connection.statement("SELECT sequences FROM claim")
        while try statement.step() { left += statement.withBytes(0, decoded) }
        statement.reset()
        try connection.execute("DELETE FROM claim")
        return left.sorted()
    }

    private static func encoded(_ sequences: Set<Int64>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(sequences.count * 8)
        for sequence in sequences { withUnsafeBytes(of: sequence.littleEndian) { bytes.append(contentsOf: $0) } }
        return bytes
    }

    private static func decoded(_ bytes: UnsafeRawBufferPointer) -> [Int64] {
        stride(from: 0, to: bytes.count - bytes.count % 8, by: 8).map {
            Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: Int64.self))
        }
    }
}
