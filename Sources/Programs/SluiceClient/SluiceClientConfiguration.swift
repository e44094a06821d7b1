// SPDX-License-Identifier: MIT
internal import WireProtocol

/// Where the sidecar is, and how patient the client is.
public struct SluiceClientConfiguration: Sendable {
    /// The socket's path, of at most 107 bytes.
    public var socketPath: String
    /// For calls that name no deadline of their own. 60 s, more than a site of kind `main` takes to answer that a commit
    /// is late; nil: they wait for ever.
    public var deadline: Duration? = .seconds(60)
    /// How long after the end of a wait or a drain its answer may come. 10 s.
    public var answerTime: Duration = .seconds(10)
    /// For one attempt to connect. 5 s.
    public var connectTimeout: Duration = .seconds(5)
    /// Whether a lost connection is replaced, and what can be repeated is sent again. True.
    ///
    /// Set it to false where a connection has a memory: after `session.open` and inside `keyspace.begin`, whose
    /// commands would otherwise run outside of their scope on the next connection.
    public var reconnects = true
    /// The wait before the second attempt to connect; it doubles, with full jitter. 50 ms.
    public var reconnectDelay: Duration = .milliseconds(50)
    /// The longest wait between two attempts. 2 s.
    public var reconnectDelayMax: Duration = .seconds(2)
    /// Calls under way at a time; beyond: `busy`. 16,384.
    public var callsMax = 16_384
    /// The longest request, in bytes: the sidecar's `frame.bytes_max`. 4 MiB. A longer one fails by itself; sent, it would end
    /// the connection for all.
    public var requestBytesMax = FrameDecoder.frameBytesMaxDefault
    /// The longest reply, in bytes. 64 MiB, so that a sidecar with a raised limit is understood.
    public var frameBytesMax = 16 * FrameDecoder.frameBytesMaxDefault
    /// Events of one subscription that wait to be taken; beyond: it ends with `slow_reader`. 4096.
    public var eventsMax = 4096

    public init(socketPath: String) {
        self.socketPath = socketPath
    }
}
