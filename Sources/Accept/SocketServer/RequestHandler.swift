// SPDX-License-Identifier: MIT

/// Makes a session for each connection. Daemon wires it.
public protocol RequestHandler: Sendable {
    associatedtype Session: RequestSession

    /// Called once per connection, on its event loop, before the first request.
    func open(_ peer: PeerConnection) -> Session

    /// Called on the event loop at the end of a turn in which requests began: now the loop has nothing else to do. What
    /// it does here may take as long as one quick commit.
    func settle()
}

extension RequestHandler {
    public func settle() {}
}

/// What answers the requests of one connection.
public protocol RequestSession: Sendable {
    /// What the session makes of a frame's payload.
    associatedtype Request: Sendable = [UInt8]

    /// Reads a frame's payload, which may be no JSON at all.
    func read(_ frame: [UInt8]) -> Request

    /// Starts a request that needs no task, because it waits for nothing but one answer of a store: cheaper than
    /// ``respond(to:)``, and with the same guarantees as long as that one is not suspended.
    ///
    /// False: nothing was done, `respond` shall do it. Else `answer` is called exactly once, from any thread. What it
    /// leaves to the end of the loop's turn, ``RequestHandler/settle()`` does.
    func begin(_ request: Request, answer: @escaping @Sendable ([UInt8]?) -> Void) -> Bool

    /// Answers one request.
    ///
    /// Returns a framed reply, or nil for none: a notification, or a reply that went out through
    /// ``PeerConnection/send(_:)`` so that what is sent next follows it.
    ///
    /// Guarantees: calls start in order of arrival, on the connection's event loop, and each runs there synchronously up
    /// to its first suspension, before the next one starts. So what it submits until then is submitted in order. It
    /// must not block. The task is cancelled when the peer is gone; it should then end soon.
    func respond(to request: Request) async -> [UInt8]?

    /// Hears of a request that was answered `busy` instead, in the order in which requests start.
    func refused(_ frame: [UInt8])

    /// Called once, after the last request has ended; also when the peer vanished.
    func close() async
}

extension RequestSession where Request == [UInt8] {
    public func read(_ frame: [UInt8]) -> [UInt8] { frame }
}

extension RequestSession {
    public func begin(_ request: Request, answer: @escaping @Sendable ([UInt8]?) -> Void) -> Bool { false }
}
