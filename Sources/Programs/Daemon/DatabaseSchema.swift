// SPDX-License-Identifier: MIT
import MainDatabase
import TransactionBuffering
import TransactionModel

/// The schema as the main database has it, or a replica while the main one is away.
struct DatabaseSchema: SchemaSource {
    let main: any DatabaseReader
    let replicas: [any DatabaseReader]

    func introspect() async -> Schema? {
        for database in [main] + replicas {
            // A database without any table is most likely one that is still being set up.
            if let schema = try? await database.introspect(), !schema.tables.isEmpty { return schema }
        }
        return nil
    }
}
