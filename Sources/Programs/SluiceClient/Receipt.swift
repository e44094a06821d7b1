// SPDX-License-Identifier: MIT
public import JSON

/// The sidecar has the transaction, durably.
public struct Receipt: Sendable, Hashable {
    public let transactionID: String
    public let status: TransactionStatus
    /// By step: the created id, or an array of ids for a bulk step.
    public let generatedIDs: JSONObject
    /// `fsynced` survives the machine, `written` the process, `memory` neither.
    public let durability: String
    /// The same transaction was accepted before; this is its first receipt again.
    public let isDuplicate: Bool
    /// As it was answered.
    public let value: JSONValue

    init(_ view: JSONView) throws(SluiceClientError) {
        guard let id = view["transaction_id"]?.string, let status = view["status"]?.string else {
            throw .invalidReply("The receipt lacks transaction_id or status.")
        }
        transactionID = id
        self.status = TransactionStatus(rawValue: status)
        generatedIDs = view["generated_ids"]?.value().object ?? [:]
        durability = view["durability"]?.string ?? ""
        isDuplicate = view["duplicate"]?.bool ?? false
        value = view.value()
    }
}
