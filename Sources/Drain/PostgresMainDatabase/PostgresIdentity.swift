// SPDX-License-Identifier: MIT
#if Postgres
import MainDatabase
import PostgresConnection
import TransactionModel

/// Which database cluster a server belongs to. Positions of two servers can be compared only when their system
/// identifiers are equal.
public struct PostgresIdentity: Sendable, Hashable {
    /// Given by initdb, shared by a primary and its physical replicas.
    public var systemIdentifier: UInt64
    /// Goes up with each promotion.
    public var timeline: UInt32
    public var isStandby: Bool

    private static let sql = """
        SELECT (SELECT system_identifier FROM pg_control_system()), pg_is_in_recovery(), \(ServerPosition.columns)
        """

    init(_ connection: PostgresConnection) throws(DatabaseError) {
        let result = try connection.exchange {
            connection.begin()
            connection.queue(Self.sql)
        } take: { () throws(DatabaseError) in
            try connection.result()
        }
        systemIdentifier = result.int64(0, 0).map { UInt64(bitPattern: $0) } ?? 0
        isStandby = result.text(0, 1) == "t"
        timeline = ServerPosition.read(result, column: 2).timeline
    }
}
#endif
