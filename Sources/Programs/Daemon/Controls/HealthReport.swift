// SPDX-License-Identifier: MIT
import BackgroundProcessing
import JSON
import Keyspace
import MainDatabase
import ReplicationTracking
import TransactionBuffering
import TransactionModel

/// `server.health`: ok, degraded (writes are accepted, something keeps them from being applied) or failing (nothing is
/// accepted), with reasons a person can act on.
struct HealthReport {
    /// A transaction that waits so long although nothing is wrong is worth a reason.
    static let pendingAgeMax: Duration = .seconds(60)

    private var status = "ok"
    private var reasons: [JSONValue] = []
    private var members = JSONObject()

    init(_ overview: Overview) async {
        let report = overview.processor.report
        let counters = try? await overview.counters()
        let problem = overview.keyspace.problem
        if let problem {
            fail(problem.code, problem.message)
        } else if counters == nil {
            fail("store_failed", "The keyspace does not answer; look at the log.")
        }
        if let counters, problem == nil, Self.isFull(counters, overview.configuration.keyspace.site) {
            fail(
                "buffer_full",
                "The buffer has reached buffer.transactions_max or buffer.bytes_max: nothing is accepted until some of it is applied."
            )
        }
        for concern in overview.keyspace.concerns { degrade(concern.code, concern.message) }
        switch report.state {
        case .outage:
            degrade(
                report.lastError?.code ?? "outage",
                "Nothing is applied: \(report.lastError?.message ?? "The database is away.")")
        case .paused: degrade("paused", "The processor is paused; `sluice processor resume` lets it go on.")
        case .stopped: degrade("stopped", "The daemon is stopping.")
        case .running, .draining, .standby: break
        }
        if report.isDatabaseOlder {
            degrade(
                "main_database_changed",
                "The main database is another one than before (main.url), or an older state of it (a restored backup, a replica promoted too early): it does not know this site's last lease, or belongs to another cluster. If that is meant, `sluice processor resume` says so."
            )
        }
        let missing = await overview.missingFromQueue()
        if missing > 0 {
            degrade(
                "queue_damaged",
                "\(missing) accepted transactions are missing in \(overview.manager.keys.transactionBuffer), from which somebody deleted them: they will not be applied. Restore Redis from its own file or backup; their status records still tell their steps."
            )
        }
        if overview.manager.schema.schema == nil {
            degrade(
                "no_schema",
                "The main database has no tables that were ever seen: create your schema in it, or mend main.url.")
        }
        let heldKeys = (try? await overview.processor.heldKeys()) ?? 0
        let (dead, parked) = (counters?["dead_letter"] ?? 0, counters?["parked"] ?? 0)
        if dead > 0 {
            degrade("dead_letter", "\(dead) transactions failed for good; `sluice dead-letter list` shows them.")
        }
        if parked > 0 {
            let way =
                dead > 0
                ? "`sluice dead-letter list` shows those; retry or discard them."
                : "Those are being retried; `sluice processor status` shows how many."
            degrade(
                "parked", "\(parked) transactions wait behind failed ones, which hold \(heldKeys) conflict keys. \(way)"
            )
        }
        let replicas = Array(zip(overview.configuration.replicas, overview.tracker.replicaFaults))
        for case (let replica, let fault?) in replicas {
            degrade(
                "replica_unavailable",
                "The replica \(replica) can't be read: \(fault) Reads that need it fail, and caches stay, until it can; or take it out of replica.urls."
            )
        }
        if overview.tracker.progress.isStalled {
            degrade("replication_stalled", "A replica makes no progress; caches stay until it has caught up.")
        }
        let age = try? await overview.oldestPendingAge()
        if let age, age > Self.pendingAgeMax, report.state == .running || report.state == .standby {
            let progress =
                report.lastProgress.map { "were last applied at \($0)" } ?? "were not applied since the start"
            degrade(
                "slow",
                "The oldest transaction has waited for \(age.milliseconds / 1000) s; transactions \(progress). "
                    + "Look at the load and the locks of the main database.")
        }
        members.append("status", .string(status))
        members.append("reasons", .array(reasons))
        members.append(
            "keyspace",
            [
                "state": problem == nil ? "ok" : "failed",
                "durability": .string(overview.keyspace.durability.rawValue),
            ])
        members.append("main_database", ["state": .string(Self.mainState(report))])
        members.append("replicas", .array(Self.replicas(replicas, overview.tracker.progress.isStalled)))
        members.append("processor", .object(Self.processor(report, age, heldKeys: heldKeys, parked: parked)))
        members.append("uptime_ms", .integer((overview.now() - overview.startedAt).milliseconds))
    }

    var json: JSONValue { .object(members) }

    private static func isFull(_ counters: [String: Int64], _ settings: SiteSettings) -> Bool {
        let unfinished = ["pending", "processing", "retrying", "dead_letter"].reduce(0) { $0 + (counters[$1] ?? 0) }
        return unfinished >= Int64(settings.transactionsMax)
            || counters["bytes_unfinished"] ?? 0 >= Int64(settings.bytesMax)
    }

    private static func processor(
        _ report: ProcessorReport, _ age: Duration?, heldKeys: Int64, parked: Int64
    ) -> JSONObject {
        var object = JSONObject()
        object.append("state", .string(report.state.rawValue))
        if let age { object.append("oldest_pending_age_ms", .integer(age.milliseconds)) }
        if let time = report.lastProgress { object.append("last_progress_at", .string(time.description)) }
        object.append("held_keys", .integer(heldKeys))
        object.append("parked", .integer(parked))
        return object
    }

    /// What the processor's last look at the main database found. `unknown`: it does not get to one, because the keyspace
    /// is away, it is paused or another process applies.
    private static func mainState(_ report: ProcessorReport) -> String {
        switch report.state {
        case .running, .draining: "ok"
        case .paused, .standby, .stopped: "unknown"
        case .outage:
            // What another process has taken the lease of answers.
            switch report.lastError.map({ DatabaseError.Kind(rawValue: $0.code) }) {
            case .some(.leaseLost): "ok"
            case .some(.some): "unavailable"
            case .some(.none), .none: "unknown"
            }
        }
    }

    private static func replicas(_ replicas: [(DatabaseChoice, String?)], _ areStalled: Bool) -> [JSONValue] {
        let state = areStalled ? "stalled" : "ok"
        return replicas.map { replica, fault in
            ["url": .string(replica.description), "state": .string(fault == nil ? state : "unavailable")]
        }
    }

    private mutating func degrade(_ code: String, _ message: String) {
        if status == "ok" { status = "degraded" }
        reasons.append(["code": .string(code), "message": .string(message)])
    }

    private mutating func fail(_ code: String, _ message: String) {
        status = "failing"
        reasons.append(["code": .string(code), "message": .string(message)])
    }
}
