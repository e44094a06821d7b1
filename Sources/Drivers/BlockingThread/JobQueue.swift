// SPDX-License-Identifier: MIT

/// What waits for a ``BatchThread``, cut into batches while it is filled, and whether the thread sleeps or may end.
struct JobQueue<Job> {
    enum Next {
        case batch([Job])
        /// Nothing is left and nothing will come.
        case end
    }

    private let jobsMax: Int
    /// Every batch but the last is full.
    private var batches: [[Job]] = []
    private(set) var count = 0
    private var isSleeping = false
    private(set) var isStopped = false

    init(jobsMax: Int) {
        precondition(jobsMax > 0, "A batch holds at least one job.")
        self.jobsMax = jobsMax
    }

    enum Submission {
        case refused
        /// `wake`: the thread sleeps and does not know yet.
        case queued(wake: Bool)
    }

    mutating func submit(_ job: Job) -> Submission {
        guard !isStopped else { return .refused }
        if let last = batches.indices.last, batches[last].count < jobsMax {
            batches[last].append(job)
        } else {
            batches.append([job])
        }
        count += 1
        defer { isSleeping = false }
        return .queued(wake: isSleeping)
    }

    /// What the thread does next; nil: sleep.
    mutating func next() -> Next? {
        guard !batches.isEmpty else {
            isSleeping = !isStopped
            return isStopped ? .end : nil
        }
        let batch = batches.removeFirst()
        count -= batch.count
        return .batch(batch)
    }

    /// True the first time.
    mutating func stop() -> Bool {
        defer { isStopped = true }
        return !isStopped
    }
}
