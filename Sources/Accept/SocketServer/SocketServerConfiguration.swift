// SPDX-License-Identifier: MIT
internal import WireProtocol

/// Where the server listens, who may connect, and every limit it keeps.
public struct SocketServerConfiguration: Sendable {
    /// Of the socket's path, in bytes: what the address of a Unix domain socket holds beside its final zero.
    public static let pathBytesMax = 107

    /// The socket's path; its folder must exist. `<path>.lock` lies beside it.
    public var path: String
    /// The socket file's permissions.
    public var mode: UInt32 = 0o600
    /// Users who may connect, by effective id. With ``allowedGIDs`` nil as well: whoever the permissions admit.
    public var allowedUIDs: Set<UInt32>?
    /// Groups whose members may connect, by effective group id.
    public var allowedGIDs: Set<UInt32>?

    /// The longest request, in bytes.
    public var frameBytesMax = FrameDecoder.frameBytesMaxDefault
    /// Beyond it a connection is answered `busy` and closed.
    public var connectionsMax = 1024
    /// Requests in execution over all connections; beyond it a request is answered `busy`.
    public var inFlightMax = 4096
    /// Replies that wait for one client to read; beyond it that client is cut off. For one turn of the event loop as
    /// much again may wait in front of the channel.
    public var outboundBytesMax = 32 << 20

    /// A frame must end within this time after it began.
    public var incompleteFrameTimeout = Duration.seconds(30)
    /// A client that reads nothing for this time while replies wait is cut off.
    public var slowReaderTimeout = Duration.seconds(10)
    /// How long a graceful stop waits for the requests in execution and for clients to read their replies.
    public var shutdownTimeout = Duration.seconds(10)
    /// How long a closing connection waits, after the last reply, for the client to close its side.
    public var lingerTimeout = Duration.seconds(1)
    /// What a `busy` reply tells the client to wait.
    public var busyRetryAfter = Duration.milliseconds(50)

    public init(path: String) {
        self.path = path
    }

    func admits(uid: UInt32, gid: UInt32) -> Bool {
        guard allowedUIDs != nil || allowedGIDs != nil else { return true }
        return allowedUIDs?.contains(uid) == true || allowedGIDs?.contains(gid) == true
    }
}
