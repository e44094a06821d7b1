// SPDX-License-Identifier: MIT
public import Keyspace

/// How a ``RedisKeyspace`` reaches its server and what it allows.
public struct RedisSettings: Sendable {
    public var url: RedisURL
    public var site: SiteSettings
    /// Accepts a server whose `maxmemory-policy` evicts keys. It may silently drop acknowledged transactions.
    public var allowsEviction = false
    /// How long a connection may take to be made, and each step of looking at the server.
    public var connectTimeout: Duration = .seconds(5)
    /// How long a reply may take; then the connection is given up, and what was sent on it is unknown.
    public var replyTimeout: Duration = .seconds(10)
    /// How long ``RedisKeyspace/open(_:on:onEvent:)`` waits for a server that is away or loading.
    public var openTimeout: Duration = .seconds(10)
    /// How long callers wait for a reconnect before they are answered `unavailable`.
    public var patience: Duration = .milliseconds(300)
    /// The first attempt to reconnect comes at once, the second after up to so long, which doubles with each.
    public var retryDelay: Duration = .milliseconds(50)
    public var retryDelayMax: Duration = .seconds(5)
    /// Operations that may wait for their replies on a connection; beyond, callers are answered `busy`.
    public var operationsMax = 65_536
    /// Bytes of requests that may wait because the server does not read; beyond, callers are answered `busy`.
    public var unsentBytesMax = 64 << 20
    /// A longer reply ends its connection.
    public var replyBytesMax = 512 << 20
    /// What was last seen of this site's keyspace, when the caller remembered it across its own restart.
    public var lastSeen: EpochMark?

    public init(url: RedisURL, site: SiteSettings) {
        self.url = url
        self.site = site
    }

    /// The oldest server that knows the flags of our scripts.
    static let majorVersionMin = 7
    /// What the connections are called in CLIENT LIST.
    static let clientName = "sluice"
}
