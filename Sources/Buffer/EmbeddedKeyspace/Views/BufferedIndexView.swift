// SPDX-License-Identifier: MIT
import SQLiteConnection

/// `buffered_index:{model}`: the encoded ids of the model's records that have pending changes.
struct BufferedIndexView: SetView {
    let store: Store
    /// As it stands in keys.
    let model: String

    /// `;` follows `:`, so that the keys of a model are one range.
    private static let inModel = "FROM pending_change WHERE record >= ?1 || ':' AND record < ?1 || ';'"

    func count() throws(SQLiteError) -> Int {
        let statement = try store.connection.statement("SELECT count(DISTINCT record) \(Self.inModel)")
        defer { statement.reset() }
        statement.bind(1, model)
        return try statement.step() ? Int(statement.int64(0)) : 0
    }

    func contains(_ member: [UInt8]) throws(SQLiteError) -> Bool {
        let statement = try store.connection.statement("SELECT 1 FROM pending_change WHERE record = ? LIMIT 1")
        defer { statement.reset() }
        (Array((model + ":").utf8) + member).withUnsafeBytes { statement.bindText(1, utf8: $0) }
        return try statement.step()
    }

    func members(offset: Int, limit: Int) throws(SQLiteError) -> [[UInt8]] {
        let statement = try store.connection.statement(
            "SELECT DISTINCT record \(Self.inModel) ORDER BY record LIMIT ?2 OFFSET ?3")
        defer { statement.reset() }
        statement.bind(1, model)
        statement.bind(2, Int64(limit))
        statement.bind(3, Int64(offset))
        return try statement.firstColumn().map { Array($0.dropFirst(model.utf8.count + 1)) }
    }
}
