// SPDX-License-Identifier: MIT
internal import JSON

/// What a frame from the sidecar says.
enum IncomingMessage: Sendable {
    case result(Int64, JSONView)
    case error(Int64, SluiceClientError)
    /// An error without an id: the sidecar speaks about the connection.
    case refusal(SluiceClientError)
    case event(subscription: String, TransactionEvent)
    /// A notification of a newer sidecar.
    case unknown

    init(parsing payload: [UInt8]) throws(SluiceClientError) {
        let root: JSONView
        do throws(JSONError) {
            root = try JSONDocument(parsing: payload).root
        } catch {
            throw .invalidReply("The reply is no JSON: \(error).")
        }
        if let method = root["method"] {
            self = try Self.notification(method, root["params"])
            return
        }
        let id = root["id"]?.int64
        if let error = root["error"] {
            self = id.map { .error($0, SluiceClientError(error)) } ?? .refusal(SluiceClientError(error))
        } else if let id, let result = root["result"] {
            self = .result(id, result)
        } else {
            throw .invalidReply("The reply has neither a result nor an error, or an id that was never sent.")
        }
    }

    private static func notification(
        _ method: JSONView, _ params: JSONView?
    ) throws(SluiceClientError) -> IncomingMessage {
        guard method.stringEquals("transaction.event") else { return .unknown }
        guard let params, let subscription = params["subscription_id"]?.string else {
            throw .invalidReply("An event names no subscription.")
        }
        return .event(subscription: subscription, try TransactionEvent(params))
    }
}
