// SPDX-License-Identifier: MIT

/// Where a Redis server listens and who asks: `redis://[[user]:password@]host[:port][/database]` or
/// `redis+unix://[[user]:password@]/path[?db=database]`.
///
/// User, password and path may be percent-encoded. The description never shows the password.
public struct RedisURL: Sendable, Hashable {
    public enum Address: Sendable, Hashable {
        case tcp(host: String, port: Int)
        /// At most ``RedisURL/pathBytesMax`` bytes.
        case unix(path: String)
    }

    /// What the address of a Unix socket holds.
    public static let pathBytesMax = 107
    public static let defaultPort = 6379

    public var address: Address
    /// Nil: the server's default user.
    public var user: String?
    public var password: String?
    public var database = 0

    public init(_ address: Address) { self.address = address }

    /// Throws ``RedisURLError`` with one sentence that names the part that is wrong, never its content.
    public init(_ text: String) throws(RedisURLError) {
        guard let mark = text.utf8.firstRange(of: "://".utf8) else {
            throw RedisURLError("A Redis URL begins with redis:// or redis+unix://.")
        }
        let rest = text[mark.upperBound...]
        switch text[..<mark.lowerBound] {
        case "redis": try self.init(network: rest)
        case "redis+unix": try self.init(socket: rest)
        case "rediss":
            throw RedisURLError(
                "rediss:// needs TLS, which this build does not have: run stunnel beside Sluice, and name it with"
                    + " redis+unix:// or redis://.")
        default: throw RedisURLError("A Redis URL begins with redis:// or redis+unix://.")
        }
    }
}

public struct RedisURLError: Error, Sendable, Hashable, CustomStringConvertible {
    /// One sentence, without the URL's parts.
    public let message: String

    init(_ message: String) { self.message = message }

    public var description: String { message }
}

extension RedisURL: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        let database = database == 0 ? "" : "\(database)"
        switch address {
        case .tcp(let host, let port):
            let host = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
            return "redis://\(host):\(port)" + (database.isEmpty ? "" : "/\(database)")
        case .unix(let path): return "redis+unix://\(path)" + (database.isEmpty ? "" : "?db=\(database)")
        }
    }

    public var debugDescription: String { description }

    public var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}
