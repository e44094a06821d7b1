// SPDX-License-Identifier: MIT
import Keyspace

/// Figures of a ``RedisKeyspace``.
public struct RedisStatistics: Sendable, Hashable {
    /// The members of the key `counters`.
    public var counters: [String: Int64] = [:]
    /// Bytes the server uses, and may use (0: no limit), when it was last looked at.
    public var memoryUsed: Int64 = 0
    public var memoryMax: Int64 = 0
    /// Connections made after the first.
    public var reconnects = 0

    public init() {}

    /// Of the reply to HGETALL.
    init(counters reply: Reply?, report: RedisReport) {
        if case .array(let items)? = reply {
            for pair in stride(from: 0, to: items.count - 1, by: 2) {
                guard case .bulk(let name) = items[pair], case .bulk(let value) = items[pair + 1] else { continue }
                counters[String(decoding: name, as: UTF8.self)] = Int64(String(decoding: value, as: UTF8.self)) ?? 0
            }
        }
        memoryUsed = report.memoryUsed
        memoryMax = report.memoryMax
        reconnects = report.reconnects
    }
}
