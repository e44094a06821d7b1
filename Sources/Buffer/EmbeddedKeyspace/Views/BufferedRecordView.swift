// SPDX-License-Identifier: MIT
import JSON
import SQLiteConnection
import TransactionModel

/// `buffered:{model}:{id}`, and `cache:ids:{model}:{id}` where a transaction made the record: the record as JSON.
struct BufferedRecordView: StringView {
    let changes: PendingChanges
    let onlyIfCreated: Bool

    func value() throws(SQLiteError) -> [UInt8]? {
        let fold = try changes.folded()
        guard !fold.isAbsent, fold.isCreated || !onlyIfCreated else { return nil }
        return JSONValue.object(fold.columns).bytes
    }
}
