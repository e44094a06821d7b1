// SPDX-License-Identifier: MIT

/// Why a request about transactions was not fulfilled.
public struct BufferingError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: Sendable, Hashable {
        /// The transaction breaks a rule; `path` says where. Nothing was accepted.
        case validationFailed
        /// The id was accepted before with other content.
        case transactionConflict
        /// The buffer is full; try again later.
        case bufferFull
        /// Too many operations wait; try again in a moment.
        case busy
        case storeUnavailable
        /// Whether it was accepted can't be known: repeat it with the same id.
        case outcomeUnknown
        case notFound
        /// Only a pending transaction can be cancelled.
        case notCancellable
        /// A parameter is not usable, such as a cursor of another list.
        case invalidParameter
        /// The request makes no sense inside the block that is open.
        case operationMode
        case conflictingContext
        case internalError
    }

    public var code: Code
    /// One sentence that a person can act on, without values.
    public var message: String
    /// Where in the request, such as `steps[1].data.obs_id`.
    public var path: String?
    public var retryAfter: Duration?

    public init(_ code: Code, _ message: String, path: String? = nil, retryAfter: Duration? = nil) {
        self.code = code
        self.message = message
        self.path = path
        self.retryAfter = retryAfter
    }

    public var description: String { path.map { "\($0): \(message)" } ?? message }
}
