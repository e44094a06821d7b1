// SPDX-License-Identifier: MIT
import JSON
import TransactionBuffering
import TransactionModel
import WireProtocol

/// `transaction.subscribe {transaction_ids?, statuses?}` -> `{subscription_id}`, then `transaction.event` notifications
struct TransactionSubscribe: Method {
    let name = "transaction.subscribe"

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        let ids = try params.transactionIDs("transaction_ids", countMax: TransactionEvents.Filter.transactionsMax)
        var statuses: Set<TransactionStatus>?
        for element in try params.array("statuses", countMax: TransactionStatus.allCases.count) ?? [] {
            guard let status = element.string.flatMap(TransactionStatus.init(rawValue:)) else {
                throw Params.wrong("statuses", "an array of statuses")
            }
            statuses = (statuses ?? []).union([status])
        }
        let id = try context.session.subscribe(
            .init(transactions: ids.map { Set($0) }, statuses: statuses), context.afterReply)
        return json { writer in
            writer.beginObject()
            writer.member("subscription_id", String(id))
            writer.endObject()
        }
    }
}
