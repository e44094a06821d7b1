// SPDX-License-Identifier: MIT
public import Keyspace

/// Whole blocks of all tasks, each contiguous, on one connection of the keyspace: the fastest way.
///
/// Nobody can hold that connection: no WATCH, no block that stays open between a client's requests.
public struct CoalescingConnectionHandler: ConnectionHandler {
    public let name = "CoalescingConnectionHandler"
    public let capabilities = HandlerCapabilities(
        transaction: .full, pipeline: .full, adHoc: .allowed, watch: false, interactive: false)

    private let keyspace: any Keyspace

    public init(keyspace: any Keyspace) { self.keyspace = keyspace }

    public func resolve(_ context: TaskContext, watching: Bool) -> ConnectionRoute? { .shared(keyspace) }
}
