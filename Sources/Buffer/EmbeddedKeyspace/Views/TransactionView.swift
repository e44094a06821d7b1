// SPDX-License-Identifier: MIT
import JSON
import SQLiteConnection
import TransactionModel

/// `transaction:{id}`: the status record, which is the payload's members and those that change.
struct TransactionView: StringView {
    let store: Store
    let id: String
    let now: Timestamp

    /// When it goes; nil: not as long as the transaction is not terminal.
    func expiry() throws(SQLiteError) -> Timestamp? {
        let statement = try store.connection.statement("SELECT expires_at FROM txn WHERE id = ?")
        defer { statement.reset() }
        statement.bind(1, id)
        return try statement.step() ? statement.time(0) : nil
    }

    func value() throws(SQLiteError) -> [UInt8]? {
        let statement = try store.connection.statement(
            """
            SELECT t.sequence, t.state, t.attempts, t.due_at, t.error_code, t.error_message, t.error_at, t.generated_ids,
                t.timeline, t.position, b.id, t.accepted_at, t.processing_at, t.committed_at, t.replicated_at, t.dead_at,
                t.expires_at, t.payload
            FROM txn t LEFT JOIN txn b ON b.sequence = t.blocker WHERE t.id = ?
            """)
        defer { statement.reset() }
        statement.bind(1, id)
        guard try statement.step(), let state = StoredState(rawValue: statement.int64(1)) else { return nil }
        if let expiry = statement.time(16), expiry <= now { return nil }
        return record(statement, state)
    }

    private func record(_ row: SQLiteStatement, _ state: StoredState) -> [UInt8] {
        let sequence = row.int64(0)
        let claimedAt = store.memory.claims.time(of: sequence)
        let status = state.status(isClaimed: claimedAt != nil)
        var writer = JSONWriter(capacity: 512)
        writer.beginObject()
        writer.member("sequence", sequence)
        writer.member("status", status.rawValue)
        writer.member("attempts", row.int64(2))
        if status == .retrying, let due = row.time(3) { writer.member("next_attempt_at", due.description) }
        if let code = row.text(4), let at = row.time(6) {
            writer.name("last_error")
            writer.beginObject()
            writer.member("code", code)
            writer.member("message", row.text(5) ?? "")
            writer.member("at", at.description)
            writer.endObject()
        }
        let generatedIDs = row.bytes(7)
        if let generatedIDs {
            writer.name("generated_ids")
            writer.raw(generatedIDs)
        }
        if let bits = row.optionalInt64(9) {
            writer.member("position", Position(timeline: row.int64(8), orderedBits: bits).description)
        }
        if let blocker = row.text(10) { writer.member("held_by", blocker) }
        writer.time("created_at", row.time(11))
        writer.time("processing_at", claimedAt ?? row.time(12))
        writer.time("committed_at", row.time(13))
        writer.time("replicated_at", row.time(14))
        writer.time("dead_at", row.time(15))
        writer.endObject()
        let payload = row.bytes(17) ?? []
        return Self.joined(generatedIDs == nil ? payload : Self.withoutGeneratedIDs(payload), writer.bytes)
    }

    /// One object of the members of two.
    private static func joined(_ first: [UInt8], _ second: [UInt8]) -> [UInt8] {
        guard first.count > 2 else { return second }
        return first.dropLast() + [UInt8(ascii: ",")] + second.dropFirst()
    }

    /// The stored ones are replaced by those that the database assigned.
    private static func withoutGeneratedIDs(_ payload: [UInt8]) -> [UInt8] {
        guard let root = try? JSONDocument(parsing: payload).root else { return payload }
        var writer = JSONWriter(capacity: payload.count)
        writer.beginObject()
        for (name, value) in root.members where !name.stringEquals("generated_ids") {
            writer.name(name)
            writer.raw(value)
        }
        writer.endObject()
        return writer.bytes
    }
}

extension JSONWriter {
    fileprivate mutating func time(_ name: StaticString, _ value: Timestamp?) {
        if let value { member(name, value.description) }
    }
}
