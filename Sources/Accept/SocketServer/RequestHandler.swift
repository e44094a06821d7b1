// SPDX-License-Identifier: MIT

/// Makes a session for each connection. Daemon wires it.
public protocol RequestHandler: Sendable {
    associatedtype Session: RequestSession

    /// Called once per connection, on its event loop, before the first request.
    func open(_ peer: PeerConnection) -> Session
}

/// What answers the requests of one connection.
public protocol RequestSession: Sendable {
    /// Answers one request; `frame` is a frame's payload, which may be no JSON at all.
    ///
    /// Returns a framed reply, or nil for none: a notification, or a reply that went out through
    /// ``PeerConnection/send(_:)`` so that what is sent next follows it.
    ///
    /// Guarantees: calls start in order of arrival, on the connection's event loop, and each runs there synchronously up
    /// to its first suspension, before the next one starts. So what it submits until then is submitted in order. It
    /// must not block. The task is cancelled when the peer is gone; it should then end soon.
    func respond(to frame: [UInt8]) async -> [UInt8]?

    /// Called once, after the last request has ended; also when the peer vanished.
    func close() async
}
