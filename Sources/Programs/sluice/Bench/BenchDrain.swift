// SPDX-License-Identifier: MIT
import JSON
import SluiceClient

/// Waits until what was accepted is committed, and counts it in the store's own counters.
struct BenchDrain {
    private static let interval = Duration.milliseconds(50)
    private static let names = [
        "committed", "pending", "processing", "retrying", "dead_letter", "cancelled", "discarded",
    ]

    let client: SluiceClient
    private let committedBefore: Int64
    private let failedBefore: Int64
    private let startedAt = ContinuousClock.now

    /// Before the load.
    init(_ client: SluiceClient) async throws {
        self.client = client
        let counters = try await Self.counters(client)
        committedBefore = counters["committed", default: 0]
        failedBefore = Self.failed(counters)
    }

    /// After it. Parked transactions count as pending, so one dead transaction may keep this from ending.
    func finish(timeout: Duration) async throws -> BenchReport.Drain {
        let end = ContinuousClock.now + timeout
        var bar = ProgressBar("drain")
        defer { bar.clear() }
        while true {
            let counters = try await Self.counters(client)
            let committed = counters["committed", default: 0] - committedBefore
            let left =
                counters["pending", default: 0] + counters["processing", default: 0]
                + counters["retrying", default: 0]
            bar.update(Int(committed), of: Int(committed + left))
            if left == 0 {
                let seconds = (ContinuousClock.now - startedAt) / Duration.seconds(1)
                return BenchReport.Drain(
                    committed: committed, seconds: seconds, failed: Self.failed(counters) - failedBefore)
            }
            guard ContinuousClock.now < end else {
                throw CommandFailure("\(left) were not committed in time.", try: "sluice processor status")
            }
            try await Task.sleep(for: Self.interval)
        }
    }

    private static func counters(_ client: SluiceClient) async throws -> [String: Int64] {
        let counters = try await client.stats()["counters"]
        return Dictionary(uniqueKeysWithValues: names.map { ($0, counters?[$0]?.int64 ?? 0) })
    }

    private static func failed(_ counters: [String: Int64]) -> Int64 {
        ["dead_letter", "cancelled", "discarded"].reduce(0) { $0 + counters[$1, default: 0] }
    }
}
