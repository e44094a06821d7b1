// SPDX-License-Identifier: MIT
import JSON
import TransactionBuffering
import WireProtocol

/// `transaction.list {status?, limit?, cursor?}` -> `{transactions[], cursor?}`
struct TransactionListMethod: Method {
    let name = "transaction.list"

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        let status = try params.status("status")
        let limit = try params.listLimit()
        let cursor = try params.string("cursor")
        do {
            return try await context.services.transactions.list(status: status, limit: limit, cursor: cursor).jsonBytes
        } catch {
            throw WireError(error)
        }
    }
}

extension Params {
    func listLimit() throws(WireError) -> Int {
        try integer("limit", in: 1...TransactionManager.listLimitMax) ?? TransactionManager.listLimitDefault
    }
}

extension TransactionPage {
    var jsonBytes: [UInt8] {
        json(capacity: records.reduce(64) { $0 + $1.count + 1 }) { writer in
            writer.beginObject()
            writer.name("transactions")
            writer.beginArray()
            for record in records { writer.raw(record) }
            writer.endArray()
            if let cursor { writer.member("cursor", cursor) }
            writer.endObject()
        }
    }
}
