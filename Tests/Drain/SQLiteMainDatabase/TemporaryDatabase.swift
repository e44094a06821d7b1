// SPDX-License-Identifier: MIT
import Foundation
import JSON
import MainDatabase
import SQLiteConnection
import TransactionModel

@testable import SQLiteMainDatabase

/// A directory of its own with a main database in it, and another program's connection to the same file.
final class TemporaryDatabase: Sendable {
    static let moment = Timestamp(microseconds: 1_790_000_000_000_000)

    let directory: String
    let path: String

    init() throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("maindb-\(UUID().uuidString)").path
        path = directory + "/main.db"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// A database that another program has created with this schema.
    convenience init(_ schema: String) throws {
        try self.init()
        try other().execute(schema)
    }

    func other() throws -> SQLiteConnection { try SQLiteConnection(path: path, mode: .create) }

    func database(timeout: Duration = .milliseconds(20), createsFile: Bool = true) -> SQLiteMainDatabase {
        var configuration = SQLiteMainDatabase.Configuration(path: path)
        configuration.timeout = timeout
        configuration.createsFile = createsFile
        // The clock keeps the directory for as long as the database lives.
        return SQLiteMainDatabase(configuration) { withExtendedLifetime(self) { Self.moment } }
    }
}

func id(_ text: String) -> TransactionID {
    guard let id = TransactionID(text) else { preconditionFailure("not an id: \(text)") }
    return id
}

func hash(_ byte: UInt8 = 1) -> ContentHash {
    guard let hash = ContentHash(bytes: Array(repeating: byte, count: 32)) else { preconditionFailure("32 bytes") }
    return hash
}

func transaction(_ name: String, hash byte: UInt8 = 1, _ sql: String...) -> PreparedTransaction {
    PreparedTransaction(
        transactionID: id(name), contentHash: hash(byte),
        statements: sql.enumerated().map { Statement(sql: $1, parameters: [], expectation: .any, step: $0) })
}

/// What a call throws; nil when it does not.
func error(_ body: () async throws(DatabaseError) -> Void) async -> DatabaseError? {
    do throws(DatabaseError) {
        try await body()
        return nil
    } catch {
        return error
    }
}
