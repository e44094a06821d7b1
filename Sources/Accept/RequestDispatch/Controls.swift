// SPDX-License-Identifier: MIT
public import JSON
public import TransactionBuffering

/// What operators may do with the processor. Wired by the daemon.
public protocol ProcessorControl: Sendable {
    func report() async throws(BufferingError) -> JSONValue
    func pause()
    func resume()
    /// Works until nothing can be applied any more or the time is over; says how many remain, those that are parked and
    /// wait for an operator among them.
    func drain(timeout: Duration) async throws(BufferingError) -> Int64
}

/// What operators may ask of the daemon. Wired by the daemon.
public protocol ServerControl: Sendable {
    func health() async -> JSONValue
    func stats() async throws(BufferingError) -> JSONValue
    /// Key -> value, secrets masked.
    func configuration() -> JSONValue
    /// Writes a consistent copy of the keyspace; its size in bytes.
    func backup(to path: String) async throws(BufferingError) -> Int64
}

/// What `session.open` answers.
public struct ServerDescription: Sendable {
    public var name: String
    public var version: String
    public var limits: JSONValue
    public var capabilities: [String]

    public init(name: String, version: String, limits: JSONValue, capabilities: [String]) {
        self.name = name
        self.version = version
        self.limits = limits
        self.capabilities = capabilities
    }
}
