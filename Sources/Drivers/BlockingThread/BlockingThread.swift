// SPDX-License-Identifier: MIT

/// A thread on which blocking closures run one after the other: for a resource that belongs to one thread.
///
/// The state is made on the thread and never leaves it.
public final class BlockingThread<State>: Sendable {
    private let thread: BatchThread<@Sendable (inout State) -> Void>

    public init(name: String, makeState: @escaping @Sendable () -> State) {
        thread = BatchThread(name: name, jobsMax: 64, makeState: makeState) { state, jobs in
            for job in jobs { job(&state) }
        }
    }

    /// Runs `body` on the thread and suspends until it is done. It runs even if the task is cancelled meanwhile.
    ///
    /// After ``stop()`` it is a trap: whoever stops the thread first ends those who use it.
    public func run<R: Sendable, Failure: Error>(
        _ body: @escaping @Sendable (inout State) throws(Failure) -> R
    ) async throws(Failure) -> R {
        let result: Result<R, Failure> = await withUnsafeContinuation { continuation in
            let isQueued = thread.submit { state in
                do throws(Failure) {
                    continuation.resume(returning: .success(try body(&state)))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
            precondition(isQueued, "A blocking thread was used after it was stopped.")
        }
        return try result.get()
    }

    /// Runs what is queued, then ends the thread and its state. Blocks until then.
    public func stop() { thread.stop() }
}
