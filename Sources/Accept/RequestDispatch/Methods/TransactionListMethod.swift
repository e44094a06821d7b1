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
            let page = try await context.services.transactions.list(
                status: status, limit: limit, cursor: cursor, bytesMax: context.resultBytesMax)
            return context.page(page)
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

extension RequestContext {
    /// `{transactions[], cursor?}`
    func page(_ page: TransactionPage) -> [UInt8] {
        json(capacity: page.records.reduce(64) { $0 + $1.count + 1 }) { writer in
            writer.beginObject()
            writer.name("transactions")
            writer.beginArray()
            for transaction in page.records { writer.raw(record(transaction)) }
            writer.endArray()
            if let cursor = page.cursor { writer.member("cursor", cursor) }
            writer.endObject()
        }
    }

    /// A status record as it fits into a reply: one that is too long stands without its steps and metadata, and says so with
    /// `"abridged": true`. What became of a transaction is told in any case.
    func record(_ record: [UInt8]) -> [UInt8] {
        guard record.count > resultBytesMax, let view = try? JSONDocument(parsing: record).root else { return record }
        return json(capacity: 1024) { writer in
            writer.beginObject()
            for (name, value) in view.members where !name.stringEquals("steps") && !name.stringEquals("metadata") {
                // Ids of thousands of rows are long too.
                if name.stringEquals("generated_ids"), value.rawBytes.count > resultBytesMax / 2 { continue }
                writer.name(name.string ?? "")
                writer.raw(value)
            }
            writer.member("abridged", true)
            writer.endObject()
        }
    }
}
