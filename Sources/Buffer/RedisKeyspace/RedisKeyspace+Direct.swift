// SPDX-License-Identifier: MIT
public import Keyspace
import NIOCore

extension RedisKeyspace: DirectSubmission {
    /// `completion` is called on the event loop.
    public func submit(
        _ operation: Operation, _ completion: @escaping @Sendable (Result<Reply, KeyspaceError>) -> Void
    ) {
        if let refusal = exchange.codec.refusal(of: operation) { return completion(.success(.error(refusal))) }
        let ticket = exchange.epoch.ticket
        let request = OperationRequest(operations: [operation], form: .separate, codec: exchange.codec)
        let recipient = AnswerRecipient.closure { answer in completion(self.reply(to: request, answer, ticket)) }
        let link = link
        link.eventLoop.executeNow { link.value.send(request, recipient) }
    }

    private func reply(
        to request: OperationRequest, _ answer: RedisConnection.Answer, _ ticket: EpochWatch.Ticket
    ) -> Result<Reply, KeyspaceError> {
        do throws(KeyspaceError) {
            let values = try exchange.values(of: answer, to: request)
            let replies = try exchange.codec.replies(values[...], to: request.operations)
            exchange.epoch.count(replies, ticket)
            guard let reply = replies.first else {
                throw KeyspaceError(.outcomeUnknown, "Redis gave no answer to an operation.")
            }
            return .success(reply)
        } catch {
            return .failure(error)
        }
    }
}
