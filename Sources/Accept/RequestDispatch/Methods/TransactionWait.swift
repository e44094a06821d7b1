// SPDX-License-Identifier: MIT
import JSON
import TransactionBuffering
import WireProtocol

/// `transaction.wait {transaction_id, until, timeout_ms}` -> status record, with `timed_out: true` when the time was over
struct TransactionWait: Method {
    static let timeoutDefaultMS = 30_000

    let name = "transaction.wait"
    let waits = true

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        let id = try params.transactionID()
        let word = try params.string("until") ?? TransactionManager.Goal.committed.rawValue
        guard let goal = TransactionManager.Goal(rawValue: word) else {
            throw Params.wrong("until", "committed or replicated")
        }
        let timeoutMax = Int(TransactionManager.waitMax.components.seconds) * 1000
        let timeout = try params.integer("timeout_ms", in: 0...timeoutMax) ?? Self.timeoutDefaultMS
        do {
            let awaited = try await context.services.transactions.wait(
                id, until: goal, timeout: context.limited(.milliseconds(timeout)))
            let record = context.record(awaited.record)
            guard awaited.timedOut else { return record }
            // The record is an object that ends in "}".
            return record.dropLast() + Array(#","timed_out":true}"#.utf8)
        } catch {
            throw WireError(error)
        }
    }
}
