// SPDX-License-Identifier: MIT
import JSON
import Keyspace

/// A keyspace as the daemon runs it: the port, and what it takes to look after one.
protocol SiteStore: Keyspace {
    /// Why nothing can be accepted at the moment, and what to do; nil: all is well.
    var problem: HealthReason? { get }

    /// What an operator should look at although it works.
    var concerns: [HealthReason] { get }

    /// The members of the key `counters`, those that are computed included.
    func counters() async throws(KeyspaceError) -> [String: Int64]

    /// The member `keyspace` of `server.stats`.
    func figures() async throws(KeyspaceError) -> JSONObject

    /// To be called about once a second.
    func maintain() async throws(KeyspaceError)

    /// Writes a consistent copy to a file that does not exist yet.
    func backup(to path: String) async throws(KeyspaceError)

    func close() async
}

/// A reason of `server.health`.
struct HealthReason: Sendable, Hashable {
    var code: String
    /// One sentence a person can act on.
    var message: String
}
