// SPDX-License-Identifier: MIT
public import JSON

/// A transaction's status record.
public struct TransactionRecord: Sendable, Hashable {
    public let transactionID: String
    public let status: TransactionStatus
    /// Of a wait: its time was over before the transaction was where it should be.
    public let timedOut: Bool
    /// Everything, as it was answered: steps, attempts, last_error, position and the times.
    public let value: JSONValue

    init(_ view: JSONView) throws(SluiceClientError) {
        guard let id = view["transaction_id"]?.string, let status = view["status"]?.string else {
            throw .invalidReply("The status record lacks transaction_id or status.")
        }
        transactionID = id
        self.status = TransactionStatus(rawValue: status)
        timedOut = view["timed_out"]?.bool ?? false
        value = view.value()
    }
}
