// SPDX-License-Identifier: MIT
import MainDatabase

/// Decides how a batch is applied: all at once, and one by one in order when one of them fails.
///
///     whole ──applied──> finished
///       └──failed──> single ──applied/failed──> single ... ──> finished
///     an outage or a lost lease finishes from everywhere; the rest was not run
struct BatchPlan {
    enum Action: Equatable {
        /// Apply these, as one batch, and tell the plan.
        case apply([Int])
        case finished
    }

    private(set) var results: [TransactionResult]
    private(set) var stoppedBy: DatabaseError?
    /// Still to be applied after those in flight.
    private var rest: [Int]
    private var inFlight: [Int] = []
    /// Whether a transaction must not run as long as an earlier one has not.
    private let mustWait: (_ later: Int, _ earlier: Int) -> Bool

    /// - Parameter rejected: Transactions that could not even be prepared.
    init(count: Int, rejected: [Int: DatabaseError] = [:], mustWait: @escaping (_ later: Int, _ earlier: Int) -> Bool) {
        self.mustWait = mustWait
        results = Array(repeating: .notRun, count: count)
        rest = []
        for index in 0..<count {
            if let error = rejected[index] {
                results[index] = .failed(error)
            } else {
                rest.append(index)
            }
        }
        if !rejected.isEmpty { dropWaiting() }
    }

    mutating func start() -> Action {
        inFlight = rest
        rest = []
        return inFlight.isEmpty ? .finished : .apply(inFlight)
    }

    /// Those in flight were applied, with one result each.
    mutating func applied(_ outcomes: [BatchOutcome.Applied]) -> Action {
        precondition(outcomes.count == inFlight.count, "A database answers for each transaction of a batch.")
        for (index, outcome) in zip(inFlight, outcomes) {
            switch outcome {
            case .now(let position, let ids): results[index] = .applied(position, generatedIDs: ids)
            case .before(let position, let ids): results[index] = .before(position, generatedIDs: ids)
            case .conflict: results[index] = .conflict
            }
        }
        return next()
    }

    /// Nothing of those in flight was applied.
    mutating func failed(_ error: DatabaseError) -> Action {
        switch error.category {
        case .outage, .fenced:
            if error.kind == .outcomeUnknown { for index in inFlight { results[index] = .unknown } }
            stoppedBy = error
            rest = []
            return .finished
        case .final, .transient:
            if inFlight.count > 1 {
                // Whose fault it is shows when each runs alone; those before it may depend on nothing of the others.
                rest = inFlight
            } else {
                for index in inFlight { results[index] = .failed(error) }
                dropWaiting()
            }
            return next()
        }
    }

    private mutating func next() -> Action {
        guard !rest.isEmpty else {
            inFlight = []
            return .finished
        }
        inFlight = [rest.removeFirst()]
        return .apply(inFlight)
    }

    /// Takes out those that wait for one that failed, and those that wait for them.
    private mutating func dropWaiting() {
        let kept = Set(rest)
        var blocked = results.indices.filter { index in
            if case .failed = results[index] { true } else { false }
        }
        rest = []
        for index in results.indices where kept.contains(index) {
            if blocked.contains(where: { $0 < index && mustWait(index, $0) }) {
                blocked.append(index)
            } else {
                rest.append(index)
            }
        }
    }
}
