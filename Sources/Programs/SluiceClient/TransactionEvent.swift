// SPDX-License-Identifier: MIT
internal import JSON

/// A transaction has taken a status.
public struct TransactionEvent: Sendable, Hashable {
    public let transactionID: String
    public let status: TransactionStatus
    /// RFC 3339, UTC.
    public let at: String

    init(_ params: JSONView) throws(SluiceClientError) {
        guard let id = params["transaction_id"]?.string, let status = params["status"]?.string else {
            throw .invalidReply("An event lacks transaction_id or status.")
        }
        transactionID = id
        self.status = TransactionStatus(rawValue: status)
        at = params["at"]?.string ?? ""
    }
}
