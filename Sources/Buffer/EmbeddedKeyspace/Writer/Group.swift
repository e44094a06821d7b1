// SPDX-License-Identifier: MIT
import Keyspace

/// Jobs that commit together, and what they will be told once they have.
struct Group {
    private(set) var jobs: [Job] = []
    var results: [Job.Result] = []
    private(set) var operations = 0
    /// Payload among it, roughly what it adds to the log.
    private(set) var bytes = 0

    init(_ job: Job) { add(job) }

    mutating func add(_ job: Job) {
        jobs.append(job)
        operations += job.weight
        guard case .perform(let list) = job.work else { return }
        for case .accept(let accept) in list { bytes += accept.payload.count }
    }
}
