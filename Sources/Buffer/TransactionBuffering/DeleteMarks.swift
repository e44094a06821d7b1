// SPDX-License-Identifier: MIT
import Synchronization

/// Which models may have deletes on their way: reads need to look for what those reach only then.
///
/// A model counts as one that may, until somebody who read all that is pending for it found none, and from the next
/// delete on that is accepted again. It knows of what this process accepts: of a keyspace that others write to it says
/// nothing.
public final class DeleteMarks: Sendable {
    private struct State {
        /// Notes so far.
        var count: UInt64 = 0
        /// Model -> the last note of it; and of all.
        var noted: [String: UInt64] = [:]
        var allNoted: UInt64 = 0
        /// Model -> how many notes there were when somebody began to look and found none.
        var cleared: [String: UInt64] = [:]
    }

    private let state = Mutex(State())

    init() {}

    /// Deletes in these models may be pending now: to be called once that can be read, and before it is acknowledged.
    func note(_ models: [String]) {
        guard !models.isEmpty else { return }
        state.withLock { state in
            state.count += 1
            for model in models { state.noted[model] = state.count }
        }
    }

    /// The same of every model.
    func noteAll() {
        state.withLock { state in
            state.count += 1
            state.allNoted = state.count
        }
    }

    /// To be taken before somebody looks; see ``foundNone(in:since:)``.
    public var ticket: UInt64 { state.withLock { $0.count } }

    /// All that is pending for the model was read after the ticket was taken, and there is no delete in it.
    public func foundNone(in model: String, since ticket: UInt64) {
        state.withLock { $0.cleared[model] = max($0.cleared[model] ?? 0, ticket) }
    }

    public func mayBePending(in model: String) -> Bool {
        state.withLock { state in
            guard let cleared = state.cleared[model] else { return true }
            return max(state.noted[model] ?? 0, state.allNoted) > cleared
        }
    }
}
