// SPDX-License-Identifier: MIT

/// A thread that handles whatever has queued up since it last looked, all of it at once.
///
/// Submission never blocks and costs no system call while the thread is awake. Jobs are handled in the order of
/// submission. The queue itself has no limit: whoever submits bounds ``waiting``.
public final class BatchThread<Job: Sendable>: Sendable {
    private let queue: Monitor<JobQueue<Job>>
    private let hasEnded: Monitor<Bool>
    private let thread: SystemThread

    /// - Parameters:
    ///   - name: At most 15 bytes are shown by the system.
    ///   - jobsMax: No batch is larger.
    ///   - handle: Runs on the thread.
    public convenience init(name: String, jobsMax: Int, handle: @escaping @Sendable ([Job]) -> Void) {
        self.init(name: name, jobsMax: jobsMax, makeState: {}, handle: { _, jobs in handle(jobs) })
    }

    /// `makeState` runs on the thread, first of all; the state never leaves it and goes when the thread ends.
    public init<State>(
        name: String, jobsMax: Int, makeState: @escaping @Sendable () -> State,
        handle: @escaping @Sendable (inout State, [Job]) -> Void
    ) {
        let queue = Monitor(JobQueue<Job>(jobsMax: jobsMax))
        let hasEnded = Monitor(false)
        self.queue = queue
        self.hasEnded = hasEnded
        thread = SystemThread(name: name) {
            Self.work(off: queue, makeState: makeState, handle: handle)
            hasEnded.withLock { $0 = true }
            hasEnded.wakeAll()
        }
    }

    deinit {
        // Nobody can submit any more: what is queued is still handled, then the thread ends on its own.
        if queue.withLock({ $0.stop() }) {
            queue.wakeAll()
            thread.detach()
        }
    }

    /// Queues a job. False after ``stop()``: it will not be handled.
    public func submit(_ job: Job) -> Bool {
        switch queue.withLock({ $0.submit(job) }) {
        case .refused: return false
        case .queued(let wake):
            if wake { queue.wakeAll() }
            return true
        }
    }

    /// How many jobs were submitted and not yet handed to `handle`.
    public var waiting: Int { queue.withLock { $0.count } }

    /// Takes no more jobs, handles those that are queued, and returns after the thread ended. Not to be called from the
    /// thread itself.
    public func stop() {
        precondition(!thread.isCurrent, "A thread can't wait for its own end.")
        if queue.withLock({ $0.stop() }) {
            queue.wakeAll()
            thread.join()
        } else {
            hasEnded.wait { $0 ? () : nil }
        }
    }

    private static func work<State>(
        off queue: Monitor<JobQueue<Job>>, makeState: () -> State, handle: (inout State, [Job]) -> Void
    ) {
        var state = makeState()
        while case .batch(let jobs) = queue.wait(until: { $0.next() }) { handle(&state, jobs) }
    }
}
