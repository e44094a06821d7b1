// SPDX-License-Identifier: MIT

/// What the client must know of a method to judge a broken connection.
struct MethodTraits: Sendable, Hashable {
    /// Sent again, it does no more than once: it only reads, or carries a transaction_id.
    var isRepeatable: Bool
    /// It changes something, so that an answer that did not come leaves the outcome unknown.
    var isWrite: Bool

    /// A method unknown to this table is a write that cannot be repeated.
    init(of method: String, hasTransactionID: Bool) {
        switch method {
        case "transaction.buffer", "record.update":
            (isRepeatable, isWrite) = (hasTransactionID, true)
        case "transaction.status", "transaction.wait", "transaction.list", "record.get", "record.query",
            "id.generate", "dead_letter.list", "dead_letter.get", "processor.status", "server.health",
            "server.stats", "server.config", "rpc.discover":
            (isRepeatable, isWrite) = (true, false)
        case "processor.pause", "processor.resume", "processor.drain":
            (isRepeatable, isWrite) = (true, true)
        case "transaction.subscribe", "transaction.unsubscribe", "session.open":
            (isRepeatable, isWrite) = (false, false)
        default:
            (isRepeatable, isWrite) = (false, true)
        }
    }
}
