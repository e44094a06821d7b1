// SPDX-License-Identifier: MIT

/// When the shared connection is made, made again, and given up. No clock, no I/O, no randomness of its own.
struct LinkStateMachine: Sendable {
    enum State: Sendable, Equatable {
        case idle
        case connecting
        case open
        case pausing
        case closed
    }

    enum Action: Sendable, Equatable {
        case none
        case connect
        case pause(Duration)
    }

    private(set) var state = State.idle
    /// Whether callers may wait a little: the connection was open a moment ago.
    private(set) var isPatient = false
    /// Attempts that failed in a row.
    private var failures = 0
    private let delay: Duration
    private let delayMax: Duration

    init(delay: Duration, delayMax: Duration) {
        self.delay = delay
        self.delayMax = delayMax
    }

    mutating func start() -> Action {
        guard state == .idle else { return .none }
        state = .connecting
        return .connect
    }

    /// False: it was closed meanwhile, and so must be what was opened.
    mutating func opened() -> Bool {
        guard state == .connecting else { return false }
        state = .open
        failures = 0
        isPatient = false
        return true
    }

    /// The open connection ended: the first new attempt comes at once.
    mutating func lost() -> Action {
        guard state == .open else { return .none }
        state = .connecting
        isPatient = true
        return .connect
    }

    /// - Parameter jitter: From 0 to 1; which part of the longest pause it shall be.
    mutating func failed(jitter: Double) -> Action {
        guard state == .connecting else { return .none }
        state = .pausing
        let longest = min(delay * (1 << min(failures, 20)), delayMax)
        failures += 1
        return .pause(longest * min(max(jitter, 0), 1))
    }

    mutating func pauseEnded() -> Action {
        guard state == .pausing else { return .none }
        state = .connecting
        return .connect
    }

    mutating func patienceEnded() { isPatient = false }

    mutating func close() {
        state = .closed
        isPatient = false
    }
}
