// SPDX-License-Identifier: MIT
import Keyspace

/// Why a request got no reply.
enum ConnectionFailure: Error, Sendable, Equatable {
    /// Too much waits already; it was not sent.
    case busy
    /// It was not sent.
    case unsent(String)
    /// It may have been sent and executed.
    case unanswered(String)

    /// In the words of the port.
    ///
    /// - Parameters:
    ///   - mayWrite: Whether executing it may have changed the keyspace.
    ///   - isOwn: Whether the connection was the caller's own, which loses what it watched.
    func keyspaceError(mayWrite: Bool, isOwn: Bool) -> KeyspaceError {
        switch self {
        case .busy: KeyspaceError(.busy, "Too many operations wait for Redis already.")
        case .unsent(let reason): KeyspaceError(isOwn ? .connectionLost : .unavailable, reason)
        case .unanswered(let reason) where mayWrite: KeyspaceError(.outcomeUnknown, reason)
        case .unanswered(let reason): KeyspaceError(isOwn ? .connectionLost : .unavailable, reason)
        }
    }
}
