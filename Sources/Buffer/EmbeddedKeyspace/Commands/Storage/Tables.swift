// SPDX-License-Identifier: MIT
import SQLiteConnection
import TransactionModel

/// The tables behind the commands, at the moment of the command that runs.
final class Tables {
    private let connection: SQLiteConnection
    var onTouch: ([UInt8]) -> Void = { _ in }
    var onExpire: ([UInt8]) -> Void = { _ in }
    var random: any RandomNumberGenerator = SystemRandomNumberGenerator()
    /// Whether the command may write; one that only reads leaves expired keys where they are.
    private(set) var isWriting = false
    private(set) var now = Timestamp(microseconds: 0)
    /// The command was given up because it read more than ``readBytesMax``.
    private(set) var isOverfull = false
    private var bytesRead = 0

    /// What a command that only reads may read: far more than any reply, but no more than memory has room for.
    static let readBytesMax = StringCommands.stringBytesMax + (8 << 20)
    /// A row that is read is counted as so many bytes more than it has.
    private static let rowBytes = 32

    init(_ connection: SQLiteConnection) { self.connection = connection }

    /// Milliseconds since 1970, the unit of Redis.
    var milliseconds: Int64 { now.microseconds / 1000 }

    func begin(at now: Timestamp, writing: Bool) {
        self.now = now
        isWriting = writing
        (isOverfull, bytesRead) = (false, 0)
    }

    // MARK: Statements, prepared once and reset after use

    func run<each P: SQLParameter>(_ sql: String, _ parameters: repeat each P) throws(SQLiteError) {
        try prepared(sql, repeat each parameters).run()
    }

    /// How many rows the statement changed.
    func changes<each P: SQLParameter>(_ sql: String, _ parameters: repeat each P) throws(SQLiteError) -> Int {
        try prepared(sql, repeat each parameters).run()
        return connection.changes
    }

    func first<R, each P: SQLParameter>(
        _ sql: String, _ parameters: repeat each P, row: (SQLiteStatement) -> R
    ) throws(SQLiteError) -> R? {
        let statement = try prepared(sql, repeat each parameters)
        defer { statement.reset() }
        guard try statement.step() else { return nil }
        try count(statement)
        return row(statement)
    }

    func all<R, each P: SQLParameter>(
        _ sql: String, _ parameters: repeat each P, row: (SQLiteStatement) -> R
    ) throws(SQLiteError) -> [R] {
        let statement = try prepared(sql, repeat each parameters)
        defer { statement.reset() }
        var rows: [R] = []
        while try statement.step() {
            try count(statement)
            rows.append(row(statement))
        }
        return rows
    }

    private func count(_ statement: SQLiteStatement) throws(SQLiteError) {
        guard !isWriting else { return }
        bytesRead += statement.rowBytes + Self.rowBytes
        guard bytesRead > Self.readBytesMax else { return }
        isOverfull = true
        throw SQLiteError(extendedCode: 18, detail: "a command reads more than \(Self.readBytesMax) bytes")
    }

    /// Inserts a row and tells its rowid.
    func insert<each P: SQLParameter>(_ sql: String, _ parameters: repeat each P) throws(SQLiteError) -> Int64 {
        try prepared(sql, repeat each parameters).run()
        return connection.lastInsertRowID
    }

    private func prepared<each P: SQLParameter>(
        _ sql: String, _ parameters: repeat each P
    ) throws(SQLiteError) -> SQLiteStatement {
        let statement = try connection.statement(sql)
        var index: Int32 = 0
        for parameter in repeat each parameters {
            index += 1
            parameter.bind(to: statement, at: index)
        }
        return statement
    }
}

/// What a statement of the tables takes.
protocol SQLParameter {
    func bind(to statement: SQLiteStatement, at index: Int32)
}

extension Int64: SQLParameter {
    func bind(to statement: SQLiteStatement, at index: Int32) { statement.bind(index, self) }
}

extension Int: SQLParameter {
    func bind(to statement: SQLiteStatement, at index: Int32) { statement.bind(index, Int64(self)) }
}

extension Double: SQLParameter {
    func bind(to statement: SQLiteStatement, at index: Int32) { statement.bind(index, self) }
}

extension [UInt8]: SQLParameter {
    func bind(to statement: SQLiteStatement, at index: Int32) { statement.bind(index, self) }
}

extension Int64?: SQLParameter {
    func bind(to statement: SQLiteStatement, at index: Int32) {
        if let value = self { statement.bind(index, value) } else { statement.bindNull(index) }
    }
}

extension SQLiteStatement {
    /// The bytes of a column that is never NULL.
    func blob(_ index: Int32) -> [UInt8] { withBytes(index) { [UInt8]($0) } }

    func int(_ index: Int32) -> Int { Int(int64(index)) }
}
