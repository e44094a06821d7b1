// SPDX-License-Identifier: MIT
import Keyspace
import Synchronization

/// What the link knows, for readers on any thread; and what it tells, on its event loop.
final class LinkStatus: Sendable {
    let epoch: EpochCount
    private let current: Mutex<RedisReport>
    private let onEvent: @Sendable (RedisEvent) -> Void

    init(_ lastSeen: EpochMark?, onEvent: @escaping @Sendable (RedisEvent) -> Void) {
        epoch = EpochCount(lastSeen)
        current = Mutex(RedisReport())
        self.onEvent = onEvent
    }

    var report: RedisReport {
        var report = current.withLock { $0 }
        report.mark = epoch.mark
        return report
    }

    var durability: Durability { current.withLock { $0.durability } }

    /// Whether this is the run of the server that passed the gate last.
    func isServer(_ runID: String) -> Bool { current.withLock { $0.runID == runID } }

    /// Why there is no connection.
    var reason: String { current.withLock { $0.problem?.message } ?? "There is no connection to Redis." }

    func isUp(_ facts: GateFacts, _ durability: Durability) {
        let server = "\(facts.server) \(facts.version)"
        current.withLock { report in
            if !report.runID.isEmpty { report.reconnects += 1 }
            report.isConnected = true
            report.problem = nil
            report.server = server
            report.runID = facts.runID
            report.durability = durability
        }
        onEvent(.connected(server: server, durability: durability))
    }

    func isDown(_ problem: KeyspaceError, tells: Bool = true) {
        current.withLock {
            $0.isConnected = false
            $0.problem = problem
        }
        if tells { onEvent(.disconnected(problem)) }
    }

    /// Another attempt failed; told when it says something new.
    func isUnavailable(_ problem: KeyspaceError) {
        let isNew = current.withLock { report in
            defer { report.problem = problem }
            return report.problem != problem
        }
        if isNew { onEvent(.unavailable(problem)) }
    }

    func saw(_ facts: GateFacts, _ durability: Durability, _ findings: [GateFinding], _ mark: EpochMark) {
        let setBack = epoch.saw(mark)
        let news = current.withLock { report in
            let news = findings.filter { !report.warnings.contains($0) }
            report.durability = durability
            report.warnings = findings
            report.memoryUsed = facts.memoryUsed
            report.memoryMax = facts.memoryMax
            if let setBack { report.setBack = setBack }
            return news
        }
        for finding in news { onEvent(.warning(finding)) }
        if let setBack { onEvent(.setBack(setBack)) }
    }
}
