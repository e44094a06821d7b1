// SPDX-License-Identifier: MIT
#if Postgres
import Foundation
import JSON
import MainDatabase
import PostgresMainDatabase
import PostgresServer
import Synchronization
import Testing
import TransactionModel

/// A database of a test's own on a server that all of them share.
final class TestDatabase: Sendable {
    static let moment = Timestamp(microseconds: 1_790_000_000_000_000)
    private static let shared = Result { try PostgresServer() }
    private static let count = Mutex(0)

    let server: PostgresServer
    let name: String

    /// A database in which another program has run this SQL.
    init(_ schema: String = "SELECT 1") throws {
        server = try Self.shared.get()
        let number = Self.count.withLock { count in
            count += 1
            return count
        }
        name = "test\(number)"
        try server.psql("CREATE DATABASE \(name)")
        try psql(schema)
    }

    /// On a server of its own.
    init(server: PostgresServer, _ schema: String = "SELECT 1") throws {
        self.server = server
        name = "postgres"
        try psql(schema)
    }

    @discardableResult
    func psql(_ sql: String) throws -> String { try server.psql(sql, database: name) }

    /// Sessions in this database that wait for a lock.
    func waiting() throws -> Int? {
        let sql =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        return Int(try psql(sql))
    }

    func connection(through directory: String? = nil, user: String = "postgres") -> String {
        "host=\(directory ?? server.directory) user=\(user) dbname=\(name)"
    }

    func configuration(
        through directory: String? = nil, timeout: Duration = .seconds(10), user: String = "postgres"
    ) -> PostgresConfiguration {
        var configuration = PostgresConfiguration(connection(through: directory, user: user))
        configuration.timeout = timeout
        return configuration
    }

    func database(
        through directory: String? = nil, timeout: Duration = .seconds(10), user: String = "postgres"
    ) -> PostgresMainDatabase {
        PostgresMainDatabase(configuration(through: directory, timeout: timeout, user: user)) { Self.moment }
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

func number(_ text: String) -> JSONNumber {
    guard let number = JSONNumber(text: text) else { preconditionFailure("no number: \(text)") }
    return number
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

extension BatchOutcome {
    var applied: [Applied]? {
        if case .applied(let list) = self { list } else { nil }
    }

    var failure: (index: Int, error: DatabaseError)? {
        if case .failed(let index, let error) = self { (index, error) } else { nil }
    }
}

extension BatchOutcome.Applied {
    var isNow: Bool {
        if case .now = self { true } else { false }
    }

    var isBefore: Bool {
        if case .before = self { true } else { false }
    }

    var position: Position? {
        switch self {
        case .now(let position, _), .before(let position, _): position
        case .conflict: nil
        }
    }

    var ids: String? {
        switch self {
        case .now(_, let ids), .before(_, let ids): ids.map { String(decoding: $0, as: UTF8.self) }
        case .conflict: nil
        }
    }
}

struct TestFailure: Error {}
#endif
