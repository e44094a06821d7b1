// SPDX-License-Identifier: MIT
import TransactionBuffering
import WireProtocol

/// `transaction.cancel {transaction_id}` -> status record
struct TransactionCancel: Method {
    let name = "transaction.cancel"

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        let id = try params.transactionID()
        do {
            return context.record(try await context.services.transactions.cancel(id))
        } catch {
            throw WireError(error)
        }
    }
}
