// SPDX-License-Identifier: MIT

/// Who gets which connection of a bounded pool. ``ConnectionPool`` performs what it decides.
///
/// A *slot* is the right to have one connection; there are `connectionsMax` of them.
struct PoolStateMachine<Connection: Sendable>: Sendable {
    typealias WaiterID = UInt64

    let connectionsMax: Int
    let waitersMax: Int
    /// Last in, first out: the least used ones stay at the bottom.
    private var idle: [Connection] = []
    /// First come, first served.
    private var waiters: [WaiterID] = []
    private var slotsTaken = 0
    private var nextWaiter: WaiterID = 0
    private var isClosed = false

    init(connectionsMax: Int, waitersMax: Int) {
        self.connectionsMax = connectionsMax
        self.waitersMax = waitersMax
    }

    var waiting: Int { waiters.count }
    /// Connections that are open, being opened, or lent.
    var connections: Int { slotsTaken }

    enum CheckoutAction {
        case lend(Connection)
        /// The slot is taken: connect, and report a failure with ``slotFreed()``.
        case connect
        case wait(WaiterID)
        case busy
        case closed
    }

    mutating func checkout() -> CheckoutAction {
        if isClosed { return .closed }
        if let connection = idle.popLast() { return .lend(connection) }
        if slotsTaken < connectionsMax {
            slotsTaken += 1
            return .connect
        }
        guard waiters.count < waitersMax else { return .busy }
        defer { nextWaiter += 1 }
        waiters.append(nextWaiter)
        return .wait(nextWaiter)
    }

    enum ReturnAction {
        case keep
        case close
        case hand(to: WaiterID)
    }

    /// A connection that is alive comes back.
    mutating func giveBack(_ connection: Connection) -> ReturnAction {
        if isClosed {
            slotsTaken -= 1
            return .close
        }
        if let waiter = takeWaiter() { return .hand(to: waiter) }
        idle.append(connection)
        return .keep
    }

    /// A connection is gone, or could not be opened. The waiter answered, if any, has the slot now and connects.
    mutating func slotFreed() -> WaiterID? {
        if !isClosed, let waiter = takeWaiter() { return waiter }
        slotsTaken -= 1
        return nil
    }

    /// True when the waiter still waited; it gets nothing any more.
    mutating func forget(_ waiter: WaiterID) -> Bool {
        guard let index = waiters.firstIndex(of: waiter) else { return false }
        waiters.remove(at: index)
        return true
    }

    /// Lends nothing any more: the connections to close and the waiters to refuse.
    mutating func close() -> (idle: [Connection], waiters: [WaiterID]) {
        defer {
            isClosed = true
            slotsTaken -= idle.count
            idle = []
            waiters = []
        }
        return (idle, waiters)
    }

    private mutating func takeWaiter() -> WaiterID? {
        waiters.isEmpty ? nil : waiters.removeFirst()
    }
}
