// SPDX-License-Identifier: MIT
internal import JSON

/// Why a call failed: what the sidecar answered, or what happened to the connection.
public struct SluiceClientError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Decide by this.
    public var kind: SluiceErrorKind
    /// JSON-RPC's code; 0 for the client's own kinds.
    public var code: Int
    /// One sentence a person can act on.
    public var message: String
    /// Whether the same call may succeed later.
    public var retryable: Bool
    /// Wait at least so long before the next attempt.
    public var retryAfter: Duration?
    /// Where in the params the fault lies: `transaction.steps[2].model`.
    public var path: String?
    /// A fixed word for programs: `WRONGTYPE`, `zero_length`.
    public var detail: String?

    public init(
        _ kind: SluiceErrorKind, _ message: String, code: Int = 0, retryable: Bool = false,
        retryAfter: Duration? = nil, path: String? = nil, detail: String? = nil
    ) {
        self.kind = kind
        self.code = code
        self.message = message
        self.retryable = retryable
        self.retryAfter = retryAfter
        self.path = path
        self.detail = detail
    }

    public var description: String {
        var text = "\(kind.rawValue): \(message)"
        if let path { text += " (at \(path))" }
        if let detail { text += " [\(detail)]" }
        return text
    }

    /// Reads the `error` member of a reply. What lacks is filled with the most careful reading.
    init(_ error: JSONView) {
        let data = error["data"]
        self.init(
            SluiceErrorKind(rawValue: data?["kind"]?.string ?? "internal_error"),
            error["message"]?.string ?? "The sidecar gave no message.",
            code: error["code"]?.int64.map(Int.init) ?? 0,
            retryable: data?["retryable"]?.bool ?? false,
            retryAfter: data?["retry_after_ms"]?.int64.map { .milliseconds($0) },
            path: data?["path"]?.string,
            detail: data?["detail"]?.string)
    }

    static func invalidReply(_ message: String) -> SluiceClientError {
        SluiceClientError(.invalidReply, message)
    }
}
