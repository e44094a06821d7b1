// SPDX-License-Identifier: MIT
import Keyspace

/// What the facts mean: which of them keep the gate shut, and what an acknowledgement is worth behind it.
struct GateRules: Sendable {
    var allowsEviction: Bool
    /// The site's keys lie on one node of a cluster.
    var usesHashTag: Bool

    init(_ settings: RedisSettings) {
        allowsEviction = settings.allowsEviction
        usesHashTag = settings.site.hashTag
    }

    /// What is worth saying, problems first; empty when all is well.
    func findings(_ facts: GateFacts) -> [GateFinding] {
        let findings = [
            version(facts), role(facts), loading(facts), eviction(facts), cluster(facts), durability(facts),
            facts.canSave ? nil : .saveFailed,
        ].compactMap { $0 }
        return findings.filter { $0.level == .problem } + findings.filter { $0.level != .problem }
    }

    /// What an acknowledgement is worth; never more than is known.
    ///
    /// `written` promises the loss of about a second at most; so `appendfsync no`, or an unreadable one, is `memory`.
    func durability(of facts: GateFacts) -> Durability {
        guard facts.hasAppendFile else { return .memory }
        switch facts.appendSync {
        case .always: return .fsynced
        case .everySecond: return .written
        case .no, .hidden: return .memory
        }
    }

    private func version(_ facts: GateFacts) -> GateFinding? {
        guard facts.majorVersion < RedisSettings.majorVersionMin else { return nil }
        return GateFinding(
            .problem, .version, "The server is of version \(facts.version).",
            advice: "use Redis or Valkey \(RedisSettings.majorVersionMin) or newer")
    }

    private func role(_ facts: GateFacts) -> GateFinding? { facts.isMaster ? nil : .replica }

    private func loading(_ facts: GateFacts) -> GateFinding? {
        guard facts.isLoading else { return nil }
        return GateFinding(.problem, .loading, "Redis is loading its data.", advice: "wait; it is asked again")
    }

    private func eviction(_ facts: GateFacts) -> GateFinding? {
        guard facts.evictionPolicy != "noeviction" else { return nil }
        return GateFinding(
            allowsEviction ? .warning : .problem, .eviction,
            "maxmemory-policy is \(facts.evictionPolicy): a full server would silently drop acknowledged transactions.",
            advice: "CONFIG SET maxmemory-policy noeviction, and the same in redis.conf")
    }

    private func cluster(_ facts: GateFacts) -> GateFinding? {
        guard facts.isCluster, !usesHashTag else { return nil }
        return GateFinding(
            .problem, .cluster, "The server is a node of a cluster, and the site's keys have no hash tag.",
            advice: "set hash_tag, and name the node that owns the site's slot in keyspace.url")
    }

    private func durability(_ facts: GateFacts) -> GateFinding? {
        guard facts.hasAppendFile else {
            return GateFinding(
                .warning, .notPersistent, "Redis has no append-only file: what is acknowledged is lost when it stops.",
                advice: "CONFIG SET appendonly yes and appendfsync always, and the same in redis.conf")
        }
        switch facts.appendSync {
        case .always, .everySecond: return nil
        case .no:
            return GateFinding(
                .warning, .notSynced, "appendfsync is no: a power failure loses what the system had not written yet.",
                advice: "CONFIG SET appendfsync always (or everysec), and the same in redis.conf")
        case .hidden:
            return GateFinding(
                .warning, .configurationHidden,
                "The Redis user may not read appendfsync, so replies carry the durability memory.",
                advice: "allow it +config|get")
        }
    }
}
