// SPDX-License-Identifier: MIT
import Glibc
import NIOCore
import NIOPosix

/// Makes connections: the socket, then user, database and name, and which run of which server it is.
struct ConnectionOpener: Sendable {
    let settings: RedisSettings
    let eventLoop: any EventLoop

    /// To be called on the event loop. The future fails with a ``GateFinding``.
    func open() -> EventLoopFuture<NIOLoopBound<RedisConnection>> {
        let connection: NIOLoopBound<RedisConnection>
        do {
            connection = NIOLoopBound(try RedisConnection(settings, on: eventLoop), eventLoop: eventLoop)
        } catch {
            return eventLoop.makeFailedFuture(GateFinding.unreachable(error.message))
        }
        return connect(connection).flatMapErrorThrowing { throw GateFinding.unreachable(Self.reason($0)) }
            .flatMap { connection.value.request(greeting) }
            .flatMapThrowing { replies in
                for (reply, command) in zip(replies, greeting) { try check(reply, of: command) }
                if case .bulk(let info)? = replies.last { connection.value.runID = GateFacts.runID(in: info) }
                return connection
            }
            .flatMapErrorThrowing { error in
                connection.value.close(because: "The connection could not be made.")
                throw Self.finding(error)
            }
    }

    private func connect(_ connection: NIOLoopBound<RedisConnection>) -> EventLoopFuture<Void> {
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(settings.connectTimeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(connection.value)
                }
            }
        return switch settings.url.address {
        case .unix(let path):
            bootstrap.connect(unixDomainSocketPath: path).map { _ in }
        case .tcp(let host, let port):
            // A server that vanished without a word is noticed by the system, too.
            bootstrap.channelOption(.socketOption(.so_keepalive), value: 1)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .connect(host: host, port: port).map { _ in }
        }
    }

    /// What is said first.
    private var greeting: [[[UInt8]]] {
        var commands: [[String]] = []
        if let password = settings.url.password {
            commands.append(["AUTH"] + [settings.url.user, password].compactMap(\.self))
        }
        if settings.url.database != 0 { commands.append(["SELECT", "\(settings.url.database)"]) }
        commands.append(["CLIENT", "SETNAME", RedisSettings.clientName])
        commands.append(["INFO", "server"])
        return commands.map { $0.map { Array($0.utf8) } }
    }

    private func check(_ reply: RESPValue, of command: [[UInt8]]) throws {
        guard case .error(let bytes) = reply else { return }
        switch String(decoding: command[0], as: UTF8.self) {
        // A name is a courtesy to whoever looks at CLIENT LIST.
        case "CLIENT" where ServerError(bytes).condition == .noPermission: return
        case "SELECT" where ServerError(bytes).prefix == "ERR":
            throw GateFinding(
                .problem, .noSuchDatabase, "The Redis server has no database of that number.",
                advice: "correct it in keyspace.url, or raise databases in redis.conf")
        case "AUTH" where ServerError(bytes).prefix == "ERR":
            throw GateFinding(
                .problem, .wrongPassword, "The Redis server has no password set.",
                advice: "remove it from keyspace.url, or set requirepass")
        default: throw GateFinding(refusedWith: bytes)
        }
    }

    /// Whatever went wrong, as one that can be told.
    static func finding(_ error: any Error) -> GateFinding {
        switch error {
        case let finding as GateFinding: finding
        case ConnectionFailure.unanswered(let reason), ConnectionFailure.unsent(let reason):
            GateFinding(.problem, .refused, reason, advice: "look at the server's log")
        default: .unreachable("the connection failed")
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as IOError: String(cString: strerror(error.errnoCode)).lowercased()
        case let error as NIOConnectionError:
            error.connectionErrors.first.map { reason($0.error) } ?? "its name can't be resolved"
        case ChannelError.connectTimeout: "it did not answer in time"
        default: "the connection failed"
        }
    }
}
