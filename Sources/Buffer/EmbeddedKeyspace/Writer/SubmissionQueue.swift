// SPDX-License-Identifier: MIT
import Keyspace

/// The jobs that wait for the writer, whether it is awake, and whether anything may still come.
struct SubmissionQueue {
    enum Submission {
        /// `wake`: the writer sleeps and does not know yet.
        case queued(wake: Bool)
        case refused(KeyspaceError)
    }

    private let operationsMax: Int
    private let bytesMax: Int
    private var jobs: [Job] = []
    private var first = 0
    private var isAwake = false
    private(set) var operations = 0
    private(set) var bytes = 0
    /// Why nothing is taken any more.
    private(set) var closed: KeyspaceError?

    init(operationsMax: Int, bytesMax: Int = .max) {
        self.operationsMax = operationsMax
        self.bytesMax = bytesMax
    }

    /// A job without operations is always taken: it costs the writer nothing worth limiting. So is one that finds nothing
    /// waiting, however large.
    mutating func submit(_ job: Job) -> Submission {
        if let closed { return .refused(closed) }
        guard job.weight == 0 || operations + job.weight <= operationsMax else {
            return .refused(KeyspaceError(.busy, "More operations wait for the keyspace than its limit allows."))
        }
        guard bytes == 0 || bytes + job.bytes <= bytesMax else {
            return .refused(KeyspaceError(.busy, "More bytes wait for the keyspace than its limit allows."))
        }
        operations += job.weight
        bytes += job.bytes
        jobs.append(job)
        defer { isAwake = true }
        return .queued(wake: !isAwake)
    }

    /// The next job of a group that has room for so many operations; nil ends the group. A job that stands alone
    /// starts a group and ends it. A job larger than a group is one of its own. Where there is no room, nothing joins.
    mutating func next(room: Int, isFirst: Bool) -> Job? {
        guard first < jobs.count else { return nil }
        let job = jobs[first]
        guard isFirst || !job.standsAlone && room > 0 && job.weight <= room else { return nil }
        first += 1
        operations -= job.weight
        bytes -= job.bytes
        if first == jobs.count {
            jobs.removeAll(keepingCapacity: jobs.capacity <= 4096)
            first = 0
        } else if first >= 1024 {
            jobs.removeFirst(first)
            first = 0
        }
        return job
    }

    /// The writer found nothing: whoever comes next wakes it. False when something has come meanwhile.
    mutating func sleep() -> Bool {
        guard first == jobs.count else { return false }
        isAwake = false
        return true
    }

    /// Takes nothing more. Answers what was waiting.
    mutating func close(_ reason: KeyspaceError) -> [Job] {
        if closed == nil { closed = reason }
        defer {
            jobs = []
            first = 0
            operations = 0
            bytes = 0
        }
        return Array(jobs[first...])
    }
}
