// SPDX-License-Identifier: MIT
import NIOCore
import NIOPosix

extension RedisGate {
    /// Connects and looks whether a key is there; changes nothing. Nil: the server does not tell.
    public static func holds(_ key: String, _ settings: RedisSettings) async -> Bool? {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let opener = ConnectionOpener(settings: settings, eventLoop: eventLoop)
        let question = [["EXISTS", key].map { Array($0.utf8) }]
        let replies = try? await eventLoop.flatSubmit {
            opener.open().flatMap { connection in
                connection.value.request(question)
                    .always { _ in connection.value.close(because: "Looked at.") }
            }
        }.get()
        guard case .integer(let count)? = replies?.first else { return nil }
        return count > 0
    }
}
