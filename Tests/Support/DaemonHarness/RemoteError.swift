// SPDX-License-Identifier: MIT
internal import JSON

/// The error object of a reply.
public struct RemoteError: Error, Equatable, Sendable, CustomStringConvertible {
    public var code: Int64
    public var message: String
    public var kind: String
    public var isRetryable: Bool
    public var retryAfterMS: Int64?
    public var path: String?
    public var detail: String?

    init(_ error: JSONValue) {
        code = error["code"]?.int64 ?? 0
        message = error["message"]?.string ?? ""
        let data = error["data"]
        kind = data?["kind"]?.string ?? ""
        isRetryable = data?["retryable"]?.bool ?? false
        retryAfterMS = data?["retry_after_ms"]?.int64
        path = data?["path"]?.string
        detail = data?["detail"]?.string
    }

    public var description: String { "\(kind)\(path.map { " at " + $0 } ?? ""): \(message)" }
}

/// Why a connection brings nothing more.
public enum ConnectionError: Error, Equatable, Sendable {
    /// The daemon closed it, or is gone.
    case ended
    /// Nothing came within the client's timeout.
    case timedOut
    case system(Int32)
    /// What came is no JSON in a frame.
    case garbled
}
