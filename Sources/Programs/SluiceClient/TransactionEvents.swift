// SPDX-License-Identifier: MIT

/// The events of one subscription, from its beginning on. For one consumer.
///
/// Ends by an error: `connection_lost` (events may have been missed: read the status of what matters, and subscribe
/// anew), `slow_reader`, `client_closed`. Leaving the loop, or cancelling its task, unsubscribes.
public struct TransactionEvents: AsyncSequence, Sendable {
    public typealias Element = TransactionEvent

    let stream: AsyncThrowingStream<TransactionEvent, any Error>

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: stream.makeAsyncIterator()) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        var base: AsyncThrowingStream<TransactionEvent, any Error>.AsyncIterator

        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(any Error) -> TransactionEvent? {
            try await base.next(isolation: actor)
        }
    }
}
