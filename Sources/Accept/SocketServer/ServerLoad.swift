// SPDX-License-Identifier: MIT

/// How much a server has to do, for whoever asks while it runs.
public struct ServerLoad: Sendable {
    let served: BoundedCount
    let executing: BoundedCount

    init(_ configuration: SocketServerConfiguration) {
        served = BoundedCount(countMax: configuration.connectionsMax)
        executing = BoundedCount(countMax: configuration.inFlightMax)
    }

    /// Clients that are connected and served.
    public var connections: Int { served.current }

    /// Requests in execution, over all connections.
    public var requestsInFlight: Int { executing.current }
}
