// SPDX-License-Identifier: MIT
public import WireProtocol

/// What went wrong, for programs: a kind of the sidecar's error table, or one of the client's own.
///
/// A kind that a newer sidecar has added keeps its text; so this is no enumeration.
public struct SluiceErrorKind: RawRepresentable, Sendable, Hashable {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// A kind of the wire: `kind == .wire(.bufferFull)`.
    public static func wire(_ kind: WireErrorKind) -> SluiceErrorKind { SluiceErrorKind(rawValue: kind.rawValue) }

    /// It is not known whether the call took effect. Repeat a write only with the same transaction_id.
    public static let outcomeUnknown = wire(.outcomeUnknown)
    /// The call's time was over before it was sent, or it reads only.
    public static let deadlineExceeded = wire(.deadlineExceeded)
    /// A parameter that cannot be sent.
    public static let invalidParams = wire(.invalidParams)
    /// More calls are waiting than ``SluiceClientConfiguration/callsMax``.
    public static let busy = wire(.busy)

    /// Nobody listens at the socket's path, or we may not connect to it.
    public static let connectionFailed = SluiceErrorKind(rawValue: "connection_failed")
    /// The connection broke, and what was under way cannot simply be sent again.
    public static let connectionLost = SluiceErrorKind(rawValue: "connection_lost")
    /// The peer's bytes are no reply of this protocol.
    public static let invalidReply = SluiceErrorKind(rawValue: "invalid_reply")
    /// The calling task was cancelled. What was sent may have taken effect.
    public static let cancelled = SluiceErrorKind(rawValue: "cancelled")
    /// The client was closed.
    public static let clientClosed = SluiceErrorKind(rawValue: "client_closed")
    /// A subscription's events came faster than they were taken.
    public static let slowReader = SluiceErrorKind(rawValue: "slow_reader")
}
