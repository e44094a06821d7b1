// SPDX-License-Identifier: MIT
import Keyspace
import NIOCore

/// Everything between a socket and an open gate: greeting, facts, scripts, epoch.
struct LinkOpening: Sendable {
    struct Opened: Sendable {
        var connection: NIOLoopBound<RedisConnection>
        var facts: GateFacts
        var mark: EpochMark
    }

    let settings: RedisSettings
    let catalog: ProcedureCatalog
    let eventLoop: any EventLoop
    private let epoch: EpochReading

    init(_ settings: RedisSettings, catalog: ProcedureCatalog, eventLoop: any EventLoop) {
        self.settings = settings
        self.catalog = catalog
        self.eventLoop = eventLoop
        epoch = EpochReading(settings.site.keys)
    }

    /// To be called on the event loop. The future fails with a ``GateFinding``, the connection is closed then.
    func open(newEpoch: String) -> EventLoopFuture<Opened> {
        ConnectionOpener(settings: settings, eventLoop: eventLoop).open().flatMap { connection in
            RedisGate.look(connection.value)
                .flatMapThrowing { facts in
                    let problem = GateRules(settings).findings(facts).first { $0.level == .problem }
                    if let problem { throw problem }
                    return facts
                }
                .flatMap { facts in
                    prepare(connection.value, newEpoch)
                        .map { Opened(connection: connection, facts: facts, mark: $0) }
                }
                .flatMapErrorThrowing { error in
                    let finding = ConnectionOpener.finding(error)
                    connection.value.close(because: finding.text)
                    throw finding
                }
        }
    }

    /// Loads the scripts; makes the epoch where there is none, and reads it.
    private func prepare(_ connection: RedisConnection, _ newEpoch: String) -> EventLoopFuture<EpochMark> {
        connection.request(catalog.loading + [epoch.creation(newEpoch)] + epoch.questions).flatMapThrowing { replies in
            for (reply, script) in zip(replies, catalog.scripts) { try check(reply, script) }
            return epoch.mark(replies.suffix(2))
        }
    }

    private func check(_ reply: RESPValue, _ script: ProcedureScript) throws {
        if case .error(let bytes) = reply { throw GateFinding(refusedWith: bytes) }
        guard reply == .bulk(Array(script.sha1.utf8)) else {
            throw GateFinding(
                .problem, .scripts, "Redis knows the script \(script.name) under another digest.",
                advice: "report this; it is a defect of Sluice")
        }
    }
}

extension ProcedureCatalog {
    /// The commands that load the scripts.
    var loading: [[[UInt8]]] { scripts.map { [Array("SCRIPT".utf8), Array("LOAD".utf8), $0.text] } }
}

/// How epoch and sequence are made and read. The sequence is the number of accepted transactions.
struct EpochReading: Sendable {
    private let key: [UInt8]
    private let counters: [UInt8]

    init(_ keys: SiteKeys) {
        key = Array((keys.prefix + "epoch").utf8)
        counters = Array(keys.counters.utf8)
    }

    /// Makes the epoch, if there is none. It may fail, for instance on a full server.
    func creation(_ id: String) -> [[UInt8]] {
        [Array("HSETNX".utf8), key, Array("id".utf8), Array(id.utf8)]
    }

    var questions: [[[UInt8]]] {
        [
            [Array("HGET".utf8), key, Array("id".utf8)],
            [Array("HGET".utf8), counters, Array("accepted".utf8)],
        ]
    }

    /// The replies to ``questions``.
    func mark(_ replies: ArraySlice<RESPValue>) -> EpochMark {
        let texts = replies.map { reply in
            if case .bulk(let bytes) = reply { String(decoding: bytes, as: UTF8.self) } else { "" }
        }
        return EpochMark(id: texts.first ?? "", sequence: texts.last.flatMap { Int64($0) } ?? 0)
    }
}
