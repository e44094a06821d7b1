// SPDX-License-Identifier: MIT
internal import WireProtocol

/// What went wrong, for programs: a kind of the sidecar's error table, or one of the client's own.
///
/// A kind that a newer sidecar has added keeps its text; so this is no enumeration.
public struct SluiceErrorKind: RawRepresentable, Sendable, Hashable {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }
}

/// The client's own.
extension SluiceErrorKind {
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

/// The sidecar's, as `proto-json/errors.json` explains them.
extension SluiceErrorKind {
    public static let parseError = wire(.parseError)
    public static let invalidRequest = wire(.invalidRequest)
    public static let methodNotFound = wire(.methodNotFound)
    public static let invalidParams = wire(.invalidParams)
    public static let internalError = wire(.internalError)
    public static let bufferFull = wire(.bufferFull)
    public static let busy = wire(.busy)
    public static let storeUnavailable = wire(.storeUnavailable)
    public static let outcomeUnknown = wire(.outcomeUnknown)
    public static let transactionConflict = wire(.transactionConflict)
    public static let notFound = wire(.notFound)
    public static let validationFailed = wire(.validationFailed)
    public static let operationModeError = wire(.operationModeError)
    public static let conflictingContext = wire(.conflictingContext)
    public static let recordExists = wire(.recordExists)
    public static let unsupportedCommand = wire(.unsupportedCommand)
    public static let permissionDenied = wire(.permissionDenied)
    public static let deadlineExceeded = wire(.deadlineExceeded)
    public static let frameError = wire(.frameError)
    public static let unsupportedProtocol = wire(.unsupportedProtocol)
    public static let staleRead = wire(.staleRead)
    public static let databaseUnavailable = wire(.databaseUnavailable)
    public static let notCancellable = wire(.notCancellable)
    public static let keyspaceError = wire(.keyspaceError)
    public static let resultTooLarge = wire(.resultTooLarge)

    private static func wire(_ kind: WireErrorKind) -> SluiceErrorKind { SluiceErrorKind(rawValue: kind.rawValue) }
}
