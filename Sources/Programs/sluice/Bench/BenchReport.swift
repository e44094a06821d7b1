// SPDX-License-Identifier: MIT
import Histogram
import JSON
import NIOCore

/// What a load was, and what came of it.
struct BenchReport: Sendable {
    struct Load: Sendable {
        var succeeded = 0
        var unanswered = 0
        var errors: [String: Int] = [:]
        var seconds = 0.0
        /// By name, in nanoseconds.
        var latencies: [(name: String, nanoseconds: UInt64)] = []
        /// The client's own, per answered request.
        var processorMicroseconds = 0.0

        var rate: Double { seconds > 0 ? Double(succeeded) / seconds : 0 }
    }

    struct Drain: Sendable {
        var committed: Int64
        /// From the load's beginning on.
        var seconds: Double
        /// What did not get there: dead letters above all.
        var failed: Int64

        var rate: Double { seconds > 0 ? Double(committed) / seconds : 0 }
    }

    let method: String
    let connections: Int
    let depth: Int
    let frameBytes: Int
    let durability: String
    let load: Load
    var drain: Drain?

    var value: JSONValue {
        var value: JSONObject = [
            "method": .string(method), "connections": .integer(Int64(connections)), "pipeline": .integer(Int64(depth)),
            "request_bytes": .integer(Int64(frameBytes)), "durability": .string(durability),
            "requests": .integer(Int64(load.succeeded)), "seconds": rounded(load.seconds, 1000),
            "requests_per_second": .integer(Int64(load.rate)),
        ]
        var latencies: JSONObject = [:]
        for latency in load.latencies { latencies[latency.name] = rounded(Double(latency.nanoseconds) / 1000, 10) }
        value["latency_microseconds"] = .object(latencies)
        value["client_cpu_microseconds_per_request"] = rounded(load.processorMicroseconds, 100)
        var errors: JSONObject = [:]
        for (kind, count) in load.errors.sorted(by: { $0.key < $1.key }) { errors[kind] = .integer(Int64(count)) }
        if load.unanswered > 0 { errors["unanswered"] = .integer(Int64(load.unanswered)) }
        value["errors"] = .object(errors)
        if let drain {
            value["drain"] = [
                "committed": .integer(drain.committed), "failed": .integer(drain.failed),
                "seconds": rounded(drain.seconds, 1000), "committed_per_second": .integer(Int64(drain.rate)),
            ]
        }
        return .object(value)
    }

    private func rounded(_ value: Double, _ parts: Double) -> JSONValue {
        .double((value * parts).rounded() / parts)
    }
}

extension BenchReport.Load {
    init(_ load: BenchLoad, processorTime: TimeAmount) {
        succeeded = load.succeeded
        unanswered = load.outstanding
        errors = load.errors
        seconds = Double((load.lastReplyAt - load.startedAt).nanoseconds) / 1e9
        latencies = [("p50", 50.0), ("p90", 90), ("p99", 99), ("p99.9", 99.9), ("max", 100)].map { name, percentile in
            (name, load.latencies.valueAtPercentile(percentile))
        }
        let answered = max(1, load.succeeded + load.errors.values.reduce(0, +))
        processorMicroseconds = Double(processorTime.nanoseconds) / 1000 / Double(answered)
    }
}
