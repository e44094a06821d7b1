// SPDX-License-Identifier: MIT
import Keyspace
import Synchronization

/// A scope of WATCH. Which keys are watched, and whether one was touched, the writer's thread knows.
final class EmbeddedConnection: KeyspaceConnection {
    private let keyspace: EmbeddedKeyspace
    private let number: Int
    private let isClosed = Atomic<Bool>(false)

    init(_ keyspace: EmbeddedKeyspace, number: Int) {
        self.keyspace = keyspace
        self.number = number
    }

    var isAlive: Bool { !isClosed.load(ordering: .relaxed) && !keyspace.isFailed }

    func perform(_ operations: [Operation]) async throws(KeyspaceError) -> [Reply] {
        try checkOpen()
        return try await keyspace.perform(operations)
    }

    func watch(_ keys: [[UInt8]]) async throws(KeyspaceError) {
        try checkOpen()
        _ = try await keyspace.submit(.watch(keys, connection: number))
    }

    func unwatch() async throws(KeyspaceError) {
        try checkOpen()
        _ = try await keyspace.submit(.forget(connection: number))
    }

    func execute(_ operations: [Operation]) async throws(KeyspaceError) -> Execution {
        try checkOpen()
        return try await keyspace.execute(operations, connection: number)
    }

    func close() async {
        guard !isClosed.exchange(true, ordering: .relaxed) else { return }
        _ = try? await keyspace.submit(.forget(connection: number))
    }

    private func checkOpen() throws(KeyspaceError) {
        if isClosed.load(ordering: .relaxed) {
            throw KeyspaceError(.connectionLost, "The keyspace connection is closed.")
        }
    }
}
