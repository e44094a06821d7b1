// SPDX-License-Identifier: MIT
import Foundation
internal import RedisServer

/// The keyspace that the tests' daemons use: `SLUICE_TEST_KEYSPACE=redis` gives each a redis-server of its own, with
/// `appendfsync always`, so that it promises what the embedded one does.
public enum KeyspaceUnderTest: String, Sendable {
    case embedded, redis

    public static let current =
        ProcessInfo.processInfo.environment["SLUICE_TEST_KEYSPACE"].flatMap(Self.init(rawValue:)) ?? .embedded

    public static var isEmbedded: Bool { current == .embedded }

    func server() throws -> RedisServer? {
        switch self {
        case .embedded: nil
        case .redis: try RedisServer("--appendonly", "yes", "--appendfsync", "always")
        }
    }
}
