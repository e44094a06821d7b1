// SPDX-License-Identifier: MIT
import TransactionModel

/// What the processor is doing, as people see it.
public enum ProcessorState: String, Sendable {
    case running, paused, draining, outage, stopped
    /// Another process applies this site's transactions; this one takes over when that one is gone.
    case standby
}

/// Decides between the processor's cycles: go on, sleep, back off. Pure.
struct ProcessorStateMachine: Sendable {
    private(set) var isPaused = false
    private(set) var isStopped = false
    private(set) var drains = 0
    /// Failed tries since the database last answered.
    private(set) var outageTries = 0
    private(set) var lastError: FailureRecord?
    private(set) var lastProgress: Timestamp?
    private(set) var isStandby = false

    enum Cycle: Sendable {
        /// Transactions were moved; there may be more.
        case progressed
        /// Nothing to do before `due`, if that is known.
        case idle(due: Duration?)
        /// Another process holds the lease; it ends after so long unless it is prolonged.
        case standby(Duration)
        /// The database can't be used.
        case outage(FailureRecord)
        /// The store can't be used.
        case storeFailed(FailureRecord)
    }

    enum Action: Sendable, Equatable {
        case cycle
        case sleep(Duration)
        /// Until something changes.
        case rest
        case stop
    }

    var state: ProcessorState {
        if isStopped { return .stopped }
        if isPaused { return .paused }
        if outageTries > 0 { return .outage }
        if isStandby { return .standby }
        return drains > 0 ? .draining : .running
    }

    mutating func pause() { isPaused = true }

    mutating func resume() { isPaused = false }

    mutating func beginDrain() { drains += 1 }

    mutating func endDrain() { drains -= 1 }

    mutating func stop() { isStopped = true }

    /// What to do at the top of the loop.
    func next() -> Action { isStopped ? .stop : isPaused ? .rest : .cycle }

    /// Transactions were moved, perhaps in the middle of a cycle.
    mutating func progressed(at time: Timestamp) {
        outageTries = 0
        lastError = nil
        lastProgress = time
    }

    /// What to do after a cycle.
    mutating func finished(
        _ cycle: Cycle, at time: Timestamp, _ configuration: ProcessorConfiguration,
        using generator: inout some RandomNumberGenerator
    ) -> Action {
        if case .standby = cycle { isStandby = true } else { isStandby = false }
        switch cycle {
        case .progressed:
            progressed(at: time)
            return .cycle
        case .idle(let due):
            outageTries = 0
            lastError = nil
            return .sleep(min(due ?? configuration.interval, configuration.interval))
        case .standby(let remaining):
            outageTries = 0
            lastError = nil
            return .sleep(min(max(remaining, .milliseconds(50)), configuration.interval))
        case .outage(let failure), .storeFailed(let failure):
            lastError = failure
            outageTries += 1
            return .sleep(
                RetryPolicy.backoff(
                    base: configuration.outageDelay, cap: configuration.outageDelayMax, step: outageTries - 1,
                    using: &generator))
        }
    }
}
