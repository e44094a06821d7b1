// SPDX-License-Identifier: MIT

/// Which calls are under way on which connection, and what becomes of them when it breaks.
///
/// ```
/// connected --lost, calls left--> backingOff --time is over--> connecting --> connected
///     |                              ^                              |
///     +--lost, nothing to do--> idle +--------- refused ------------+
/// ```
/// From `idle` the next call connects. After `close`, and after a loss where the client does not reconnect, every call
/// fails at once. A call that was sent and can't be repeated fails with the connection; the others travel again, in
/// the order they were made.
struct SessionStateMachine: Sendable {
    enum State: Sendable, Hashable {
        case connected
        case idle
        case connecting
        case backingOff
        case closed(SluiceClientError)
    }

    enum Action: Sendable, Hashable {
        /// Write these calls, in this order.
        case send([Int64])
        case connect
        /// Connect after the backoff before this attempt, and not before `floor`.
        case connectLater(attempt: Int, floor: Duration)
        case fail([Int64], SluiceClientError)
    }

    private struct Call: Sendable {
        let traits: MethodTraits
        var isSent = false
    }

    private(set) var state: State
    private let reconnects: Bool
    private var calls: [Int64: Call] = [:]
    /// Attempts to connect since the last reply. A peer that accepts and hangs up does not reset it.
    private var attempts = 0

    init(reconnects: Bool) {
        state = .connected
        self.reconnects = reconnects
    }

    var callCount: Int { calls.count }

    mutating func start(_ id: Int64, _ traits: MethodTraits) -> [Action] {
        calls[id] = Call(traits: traits)
        switch state {
        case .connected: return [send([id])]
        case .connecting, .backingOff: return []
        case .idle: return [connect()]
        case .closed(let error):
            calls[id] = nil
            return [.fail([id], error)]
        }
    }

    /// Its reply came. False: it was given up, or never made.
    mutating func replied(_ id: Int64) -> Bool {
        attempts = 0
        return calls.removeValue(forKey: id) != nil
    }

    /// The caller waits no longer.
    mutating func gaveUp(_ id: Int64) {
        calls[id] = nil
    }

    /// Its time is over. Nil when it has ended already.
    mutating func expired(_ id: Int64) -> SluiceClientError? {
        guard let call = calls.removeValue(forKey: id) else { return nil }
        if call.isSent, call.traits.isWrite {
            return SluiceClientError(
                .outcomeUnknown, "No answer came in time; the call may have taken effect.", retryable: true)
        }
        let message = call.isSent ? "No answer came in time." : "There was no connection in time."
        return SluiceClientError(.deadlineExceeded, message, retryable: true)
    }

    mutating func connected() -> [Action] {
        guard case .connecting = state else { return [] }
        state = .connected
        return calls.isEmpty ? [] : [send(calls.keys.sorted())]
    }

    mutating func connectFailed() -> [Action] {
        guard case .connecting = state else { return [] }
        return reconnect(floor: .zero)
    }

    mutating func backoffEnded() -> [Action] {
        guard case .backingOff = state else { return [] }
        guard !calls.isEmpty else {
            state = .idle
            return []
        }
        return [connect()]
    }

    /// The connection is gone; `reason` is what the sidecar said before, if it said anything.
    mutating func lost(_ reason: SluiceClientError?) -> [Action] {
        guard case .connected = state else { return [] }
        let error = reason ?? SluiceClientError(.connectionLost, "The connection was lost.", retryable: true)
        guard reconnects else { return end(error) }
        // A final word, such as permission_denied, would be said again on every connection.
        if let reason, !reason.retryable {
            state = .idle
            return failing(calls.keys.sorted(), reason)
        }
        let broken = calls.filter { $0.value.isSent && !$0.value.traits.isRepeatable }
        let actions =
            failing(broken.filter { $0.value.traits.isWrite }.keys.sorted(), Self.unknown)
            + failing(broken.filter { !$0.value.traits.isWrite }.keys.sorted(), error)
        return actions + reconnect(floor: reason?.retryAfter ?? .zero)
    }

    mutating func close() -> [Action] {
        end(SluiceClientError(.clientClosed, "The client is closed."))
    }

    private static let unknown = SluiceClientError(
        .outcomeUnknown, "The connection was lost; the call may have taken effect.", retryable: true)

    private mutating func end(_ error: SluiceClientError) -> [Action] {
        if case .closed = state { return [] }
        state = .closed(error)
        let unanswered = calls.filter { $0.value.isSent && $0.value.traits.isWrite }.keys.sorted()
        return failing(unanswered, Self.unknown) + failing(calls.keys.sorted(), error)
    }

    private mutating func failing(_ ids: [Int64], _ error: SluiceClientError) -> [Action] {
        for id in ids { calls[id] = nil }
        return ids.isEmpty ? [] : [.fail(ids, error)]
    }

    private mutating func send(_ ids: [Int64]) -> Action {
        for id in ids { calls[id]?.isSent = true }
        return .send(ids)
    }

    private mutating func connect() -> Action {
        state = .connecting
        attempts += 1
        return .connect
    }

    private mutating func reconnect(floor: Duration) -> [Action] {
        guard !calls.isEmpty else {
            state = .idle
            return []
        }
        state = .backingOff
        return [.connectLater(attempt: attempts + 1, floor: floor)]
    }
}
