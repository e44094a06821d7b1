// SPDX-License-Identifier: MIT

/// The life of a connection: it takes requests, then only answers, then waits for the peer to go.
///
/// ```
/// open --input ends--> draining --all answered--> flushing --all written--> lingering --peer ends--> closed
/// ```
/// `lingering` is left out when the peer has ended already. The peer may vanish at any point: `closed` at once.
struct ConnectionStateMachine: Sendable {
    enum State: Sendable, Hashable {
        case open
        /// No request is taken any more; those in execution are answered.
        case draining(peerHasEnded: Bool)
        /// All requests are answered; the last replies are being written.
        case flushing(peerHasEnded: Bool)
        /// Our side is shut; what still comes in is thrown away, so that the peer can read our last word in peace.
        case lingering
        case closed
    }

    enum Action: Sendable, Hashable {
        case none
        /// Look again whether the requests in execution have all ended.
        case checkDrained
        /// Write everything and report it.
        case flush
        /// Shut our side and wait for the peer to end its own.
        case linger
        case close
    }

    private(set) var state = State.open

    var takesRequests: Bool { state == .open }

    /// We take nothing more: a broken frame, a refusal, or the server stops.
    mutating func endInput() -> Action {
        switch state {
        case .open:
            state = .draining(peerHasEnded: false)
            return .checkDrained
        case .draining, .flushing, .lingering, .closed:
            return .none
        }
    }

    /// The peer sends nothing more; it may still read.
    mutating func peerEnded() -> Action {
        switch state {
        case .open, .draining:
            state = .draining(peerHasEnded: true)
            return .checkDrained
        case .flushing:
            state = .flushing(peerHasEnded: true)
            return .none
        case .lingering:
            return .close
        case .closed:
            return .none
        }
    }

    /// The session is closed; no reply will be added.
    mutating func drained() -> Action {
        switch state {
        case .open:
            preconditionFailure("a session ends after its input")
        case .draining(let peerHasEnded):
            state = .flushing(peerHasEnded: peerHasEnded)
            return .flush
        case .flushing, .lingering, .closed:
            return .none
        }
    }

    /// The last byte went to the system.
    mutating func flushed() -> Action {
        switch state {
        case .flushing(peerHasEnded: true):
            return .close
        case .flushing(peerHasEnded: false):
            state = .lingering
            return .linger
        case .open, .draining, .lingering, .closed:
            return .none
        }
    }

    /// The channel is gone.
    mutating func vanished() {
        state = .closed
    }
}
