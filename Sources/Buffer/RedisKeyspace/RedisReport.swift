// SPDX-License-Identifier: MIT
public import Keyspace

/// What is known of the server at the moment; for health, statistics and logs.
public struct RedisReport: Sendable, Hashable {
    public var isConnected = false
    /// Why not.
    public var problem: KeyspaceError?
    /// As the server was configured when it was last looked at.
    public var durability: Durability = .memory
    /// `redis` or `valkey`, and the version it says.
    public var server = ""
    /// Identifies one run of the server's process.
    public var runID = ""
    /// What the gate has to say that does not keep it shut.
    public var warnings: [GateFinding] = []
    /// The site's keyspace as it was last seen.
    public var mark: EpochMark?
    /// The keyspace was found behind what had been acknowledged here: what waits is no longer all that was accepted.
    /// Stays set until the process ends: an empty buffer does not mean that everything was applied.
    public var setBack: SetBack?
    /// Bytes the server uses, and may use (0: no limit).
    public var memoryUsed: Int64 = 0
    public var memoryMax: Int64 = 0
    /// Connections made after the first.
    public var reconnects = 0

    public init() {}
}

/// What happens to the connection. Told on the event loop, in order.
public enum RedisEvent: Sendable, Hashable {
    /// The gate opened.
    case connected(server: String, durability: Durability)
    /// The connection was lost; a new one is on its way.
    case disconnected(KeyspaceError)
    /// An attempt to connect failed, with other words than the one before.
    case unavailable(KeyspaceError)
    /// Something about the server is worth an operator's look.
    case warning(GateFinding)
    /// See ``RedisReport/setBack``.
    case setBack(SetBack)
}
