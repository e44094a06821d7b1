// SPDX-License-Identifier: MIT
import BackgroundProcessing
import JSON
import RequestDispatch
import TransactionBuffering
import TransactionModel

/// `processor.*`
struct ProcessorOperations: ProcessorControl {
    /// Between two looks at how much is left to drain.
    static let drainInterval: Duration = .milliseconds(20)

    let processor: BackgroundProcessor
    let overview: Overview

    func report() async throws(BufferingError) -> JSONValue {
        let counters = try await overview.counters()
        let report = processor.report
        var object = JSONObject()
        object.append("state", .string(report.state.rawValue))
        for name in ["pending", "processing", "retrying", "dead_letter", "parked"] {
            object.append(name, .integer(counters[name] ?? 0))
        }
        if let age = try await overview.oldestPendingAge() {
            object.append("oldest_pending_age_ms", .integer(age.milliseconds))
        }
        if let time = report.lastProgress { object.append("last_progress_at", .string(time.description)) }
        if let error = report.lastError { object.append("last_error", error.json) }
        object.append("lanes", .integer(Int64(report.lanes)))
        if let token = report.leaseToken { object.append("lease_token", .integer(token)) }
        return .object(object)
    }

    func pause() { processor.pause() }

    func resume() { processor.resume() }

    func drain(timeout: Duration) async throws(BufferingError) -> Int64 {
        let end = ContinuousClock.now + timeout
        return try await processor.whileDraining { () throws(BufferingError) in
            while true {
                let counters = try await overview.counters()
                let open = ["pending", "processing", "retrying"].reduce(0) { $0 + (counters[$1] ?? 0) }
                // What is parked remains as well, but waits for an operator.
                let movable = open - (counters["parked"] ?? 0)
                if movable <= 0 || ContinuousClock.now >= end || Task.isCancelled || overview.manager.events.isEnded {
                    return max(0, open)
                }
                try? await Task.sleep(for: Self.drainInterval)
            }
        }
    }
}

extension FailureRecord {
    var json: JSONValue {
        ["code": .string(code), "message": .string(message), "at": .string(at.description)]
    }
}
