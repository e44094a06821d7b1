// SPDX-License-Identifier: MIT
import CSQLite
import Synchronization

/// Ends the running statement of a connection from any thread; it fails with `SQLITE_INTERRUPT`.
///
/// Harmless when nothing runs and after the connection was closed.
public final class SQLiteInterrupt: Sendable {
    private struct Connection: @unchecked Sendable {
        // The lock below orders every use of the pointer with its closing, and sqlite3_interrupt may be called from
        // any thread.
        var handle: OpaquePointer?
    }

    private let connection: Mutex<Connection>

    init(_ handle: OpaquePointer?) { connection = Mutex(Connection(handle: handle)) }

    public func interrupt() {
        connection.withLock { if let handle = $0.handle { sqlite3_interrupt(handle) } }
    }

    /// Called before the connection is closed.
    func forget() { connection.withLock { $0.handle = nil } }
}
