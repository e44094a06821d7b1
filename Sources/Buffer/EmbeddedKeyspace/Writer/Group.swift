// SPDX-License-Identifier: MIT
import Keyspace

/// Jobs that commit together, and what they will be told once they have.
struct Group {
    private(set) var jobs: [Job] = []
    var results: [Job.Result] = []
    private(set) var operations = 0
    /// Roughly what it adds to the log.
    private(set) var bytes = 0

    init(_ job: Job) { add(job) }

    mutating func add(_ job: Job) {
        jobs.append(job)
        operations += job.weight
        bytes += job.bytes
    }
}
