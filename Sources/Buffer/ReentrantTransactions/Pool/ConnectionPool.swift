// SPDX-License-Identifier: MIT
public import Keyspace
import Synchronization

/// A bounded pool of connections to a keyspace.
///
/// Connections are opened when needed and kept. Beyond ``Limits/connectionsMax`` a checkout waits its turn, for
/// ``Limits/waitMax`` at most; beyond ``Limits/waitersMax`` it is refused at once. Both refusals are `busy`.
public final class ConnectionPool: ConnectionSource {
    /// Named bounds.
    public struct Limits: Sendable {
        /// Connections that may be open at once.
        public var connectionsMax = 16
        /// Checkouts that may wait at once.
        public var waitersMax = 1024
        /// How long a checkout waits.
        public var waitMax = Duration.seconds(1)

        public init() {}
    }

    private struct State {
        var machine: PoolStateMachine<any KeyspaceConnection>
        var seats: [UInt64: Seat] = [:]

        /// Wakes a waiter, or leaves the answer on its seat when it has not sat down yet.
        mutating func answer(_ waiter: UInt64, _ answer: Result<Grant, any Error>) {
            if case .taken(let continuation) = seats.updateValue(.answered(answer), forKey: waiter) {
                seats[waiter] = nil
                continuation.resume(with: answer)
            }
        }

        mutating func sit(_ waiter: UInt64, _ continuation: CheckedContinuation<Grant, any Error>) {
            if case .answered(let answer) = seats.updateValue(.taken(continuation), forKey: waiter) {
                seats[waiter] = nil
                continuation.resume(with: answer)
            }
        }
    }

    /// Where a waiter and its answer meet, whichever comes first.
    private enum Seat {
        case taken(CheckedContinuation<Grant, any Error>)
        case answered(Result<Grant, any Error>)
    }

    /// What a waiter gets.
    private enum Grant: Sendable {
        case connection(any KeyspaceConnection)
        case slot
    }

    private let keyspace: any Keyspace
    private let waitMax: Duration
    private let clock: any Clock<Duration>
    private let state: Mutex<State>

    public init(keyspace: any Keyspace, limits: Limits = Limits(), clock: any Clock<Duration> = ContinuousClock()) {
        self.keyspace = keyspace
        self.waitMax = limits.waitMax
        self.clock = clock
        state = Mutex(
            State(machine: PoolStateMachine(connectionsMax: limits.connectionsMax, waitersMax: limits.waitersMax)))
    }

    /// Checkouts that wait at the moment.
    public var waiting: Int { state.withLock { $0.machine.waiting } }
    /// Connections that are open, being opened, or lent.
    public var connections: Int { state.withLock { $0.machine.connections } }

    public func checkout() async throws -> any KeyspaceConnection {
        switch state.withLock({ $0.machine.checkout() }) {
        case .lend(let connection): try await alive(connection)
        case .connect: try await connect()
        case .wait(let waiter):
            switch try await wait(as: waiter) {
            case .connection(let connection): try await alive(connection)
            case .slot: try await connect()
            }
        case .busy: throw KeyspaceError(.busy, "Too many transactions wait for a connection.")
        case .closed: throw KeyspaceError(.unavailable, "The connection pool is closed.")
        }
    }

    public func giveBack(_ connection: any KeyspaceConnection) async {
        guard connection.isAlive else {
            freeSlot()
            return await connection.close()
        }
        let isSurplus = state.withLock { state in
            switch state.machine.giveBack(connection) {
            case .keep: return false
            case .close: return true
            case .hand(let waiter):
                state.answer(waiter, .success(.connection(connection)))
                return false
            }
        }
        if isSurplus { await connection.close() }
    }

    /// Closes what is idle and refuses what waits. What is lent is closed when it comes back.
    public func close() async {
        let idle = state.withLock { state in
            let (idle, waiters) = state.machine.close()
            for waiter in waiters {
                state.answer(waiter, .failure(KeyspaceError(.unavailable, "The connection pool is closed.")))
            }
            return idle
        }
        for connection in idle { await connection.close() }
    }

    /// A connection that died while it lay idle is replaced in its slot.
    private func alive(_ connection: any KeyspaceConnection) async throws -> any KeyspaceConnection {
        if connection.isAlive { return connection }
        await connection.close()
        return try await connect()
    }

    private func connect() async throws -> any KeyspaceConnection {
        do {
            return try await keyspace.connect()
        } catch {
            freeSlot()
            throw error
        }
    }

    private func freeSlot() {
        state.withLock { state in
            guard let waiter = state.machine.slotFreed() else { return }
            state.answer(waiter, .success(.slot))
        }
    }

    // MARK: Waiting

    /// Waits for a connection or a slot, for ``Limits/waitMax`` at most.
    private func wait(as waiter: UInt64) async throws -> Grant {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                try await clock.sleep(for: waitMax)
                forget(waiter, KeyspaceError(.busy, "No connection became free in time."))
            }
            defer { group.cancelAll() }
            return try await granted(to: waiter)
        }
    }

    private func granted(to waiter: UInt64) async throws -> Grant {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                state.withLock { $0.sit(waiter, continuation) }
            }
        } onCancel: {
            forget(waiter, CancellationError())
        }
    }

    private func forget(_ waiter: UInt64, _ error: any Error) {
        state.withLock { state in
            if state.machine.forget(waiter) { state.answer(waiter, .failure(error)) }
        }
    }
}
