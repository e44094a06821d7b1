// SPDX-License-Identifier: MIT
import JSON
import WireProtocol

/// `transaction.unsubscribe {subscription_id}` -> `{subscription_id}`
struct TransactionUnsubscribe: Method {
    let name = "transaction.unsubscribe"

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        let text = try params.requiredString("subscription_id")
        guard let id = UInt64(text), context.session.unsubscribe(id) else {
            throw WireError(.notFound, "This connection has no such subscription.", path: "subscription_id")
        }
        return json { writer in
            writer.beginObject()
            writer.member("subscription_id", text)
            writer.endObject()
        }
    }
}
