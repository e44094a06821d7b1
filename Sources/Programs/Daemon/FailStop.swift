// SPDX-License-Identifier: MIT
import Keyspace
import ServiceLifecycle

/// Ends the process when the store stopped for good: an acknowledgement could not be trusted any more.
struct FailStop: Service {
    private let stream: AsyncStream<KeyspaceError>
    private let continuation: AsyncStream<KeyspaceError>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1))
    }

    /// From any thread.
    func fail(_ error: KeyspaceError) { continuation.yield(error) }

    func run() async throws {
        for await error in stream.cancelOnGracefulShutdown() { throw error }
    }
}
