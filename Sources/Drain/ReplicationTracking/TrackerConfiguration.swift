// SPDX-License-Identifier: MIT

public struct TrackerConfiguration: Sendable {
    /// Time between two looks at the replicas while something waits for them.
    public var checkInterval: Duration = .milliseconds(100)
    /// Without progress for so long, looks become rarer; they never end, and the caches stay.
    public var timeout: Duration = .seconds(30)
    /// Time between two looks after the timeout.
    public var slowInterval: Duration = .seconds(5)
    /// While nothing waits, replicas are asked so often whether they can be read.
    public var idleInterval: Duration = .seconds(5)
    /// Transactions released in one step.
    public var releaseMax = 500

    public init() {}
}
