// SPDX-License-Identifier: MIT
public import Keyspace

/// Connections from a provider, usually a ``ConnectionPool``: a new checkout for each block.
public struct ProviderConnectionHandler: ConnectionHandler {
    /// When a connection is checked out.
    public enum Checkout: Sendable {
        /// Only to WATCH. A block that watches nothing travels whole and needs no connection of its own: it goes to
        /// the keyspace, submitted before the first suspension, and so keeps the order of its caller.
        case whenWatching
        /// For each block and each single command.
        case always
    }

    public let name = "ProviderConnectionHandler"
    public let capabilities = HandlerCapabilities(transaction: .full, pipeline: .full, adHoc: .allowed, watch: true)

    private let keyspace: any Keyspace
    private let provider: any ConnectionSource
    private let checkout: Checkout

    public init(keyspace: any Keyspace, provider: any ConnectionSource, checkout: Checkout = .whenWatching) {
        self.keyspace = keyspace
        self.provider = provider
        self.checkout = checkout
    }

    public func resolve(_ context: TaskContext, watching: Bool) -> ConnectionRoute? {
        switch checkout {
        case .always: .leased(provider)
        case .whenWatching: watching ? .leased(provider) : .shared(keyspace)
        }
    }
}
