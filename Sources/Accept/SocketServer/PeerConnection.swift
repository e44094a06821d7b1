// SPDX-License-Identifier: MIT

/// The other side of a connection, as a session sees it. Outlives the connection; then it sends nothing any more.
public struct PeerConnection: Sendable {
    /// Unique within one run of the server.
    public let id: UInt64
    /// The peer's effective user and group when it connected; 65534 across user namespaces.
    public let uid: UInt32
    public let gid: UInt32
    private let sendFrame: @Sendable ([UInt8]) -> Bool
    private let closeConnection: @Sendable () -> Void

    public init(
        id: UInt64, uid: UInt32, gid: UInt32, send: @escaping @Sendable ([UInt8]) -> Bool,
        close: @escaping @Sendable () -> Void
    ) {
        self.id = id
        self.uid = uid
        self.gid = gid
        sendFrame = send
        closeConnection = close
    }

    /// Queues a complete frame; frames leave in the order of the calls. From any thread, without waiting.
    ///
    /// False when the connection is closed, or was cut off because its client does not read.
    @discardableResult
    public func send(_ framed: [UInt8]) -> Bool { sendFrame(framed) }

    /// Closes at once; replies that wait are lost. From any thread.
    public func close() { closeConnection() }
}
