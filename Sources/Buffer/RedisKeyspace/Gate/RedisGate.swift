// SPDX-License-Identifier: MIT
import Keyspace
import NIOCore
import NIOPosix

/// Looks whether a server is fit to keep acknowledged transactions.
public enum RedisGate {
    /// Connects, looks, and closes; changes nothing. For `sluice check`.
    ///
    /// Never throws: what keeps it from looking is a finding too. The first is a problem if there is any.
    public static func inspect(_ settings: RedisSettings) async -> [GateFinding] {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let opener = ConnectionOpener(settings: settings, eventLoop: eventLoop)
        do {
            let facts = try await eventLoop.flatSubmit {
                opener.open().flatMap { connection in
                    look(connection.value).always { _ in connection.value.close(because: "Looked at.") }
                }
            }.get()
            let findings = GateRules(settings).findings(facts)
            if findings.contains(where: { $0.level == .problem }) { return findings }
            let durability = GateRules(settings).durability(of: facts).rawValue
            let server = GateFinding(
                .ok, .server, "\(facts.server) \(facts.version), what is acknowledged is \(durability)")
            return [server] + findings
        } catch {
            return [ConnectionOpener.finding(error)]
        }
    }

    /// Reads the facts over a connection, on its event loop. The future fails with a ``GateFinding``.
    static func look(_ connection: RedisConnection) -> EventLoopFuture<GateFacts> {
        connection.request(questions).flatMapThrowing { try facts($0[...]) }
            .flatMapErrorThrowing { throw ConnectionOpener.finding($0) }
    }

    /// MULTI and EXEC because a user without them would see blocks run command by command.
    static let questions: [[[UInt8]]] = [
        ["INFO"], ["CONFIG", "GET", "appendfsync"], ["MULTI"], ["EXEC"],
    ].map { $0.map { Array($0.utf8) } }

    static func facts(_ replies: ArraySlice<RESPValue>) throws -> GateFacts {
        guard let info = replies.first, replies.count >= questions.count else {
            throw GateFinding(.problem, .refused, "Redis answered too little.")
        }
        for reply in [info] + replies.dropFirst(2) {
            if case .error(let bytes) = reply { throw GateFinding(refusedWith: bytes) }
        }
        guard case .bulk(let text) = info,
            let facts = GateFacts(info: text, configuration: replies[replies.startIndex + 1])
        else {
            throw GateFinding(
                .problem, .refused, "What answers is no Redis server.", advice: "check the address in keyspace.url")
        }
        return facts
    }
}
