// SPDX-License-Identifier: MIT
import ServiceLifecycle
import TransactionBuffering

/// Starts a service once the socket is ours: a second daemon that is refused must not have taken the first one's lease.
struct AfterListening<Wrapped: Service>: Service {
    let service: Wrapped
    /// Ends when clients can connect.
    let listening: AsyncStream<Void>

    func run() async throws {
        for await _ in listening.cancelOnGracefulShutdown() {}
        guard !Task.isShuttingDownGracefully, !Task.isCancelled else { return }
        try await service.run()
    }
}

/// Ends the waits of clients when the daemon is told to stop; they would hold it up until their time is over.
struct WaitEnder: Service {
    let events: TransactionEvents

    func run() async throws {
        try? await gracefulShutdown()
        events.end()
    }
}
