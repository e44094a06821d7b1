// SPDX-License-Identifier: MIT
import TransactionBuffering
import WireProtocol

/// `transaction.status {transaction_id}` -> status record
struct TransactionStatusMethod: Method {
    let name = "transaction.status"

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        let id = try params.transactionID()
        do {
            return context.record(try await context.services.transactions.status(id))
        } catch {
            throw WireError(error)
        }
    }
}
