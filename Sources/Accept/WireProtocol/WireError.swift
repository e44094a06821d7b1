// SPDX-License-Identifier: MIT
internal import JSON

/// An error as a client sees it: `{code, message, data{kind, retryable, retry_after_ms?, path?, detail?}}`.
///
/// Messages, paths and details hold no values, keys or SQL arguments.
public struct WireError: Error, Sendable, Hashable, CustomStringConvertible {
    public var kind: WireErrorKind
    /// One sentence a person can act on.
    public var message: String
    /// Whether the same request may succeed later; the kind's own answer unless the sender knows better.
    public var retryable: Bool
    /// How long to wait before the next attempt; sent in whole milliseconds, rounded up.
    public var retryAfter: Duration?
    /// Where in the params the fault lies: `transaction.steps[2].model`.
    public var path: String?
    /// A fixed word for programs: `WRONGTYPE`, `zero_length`.
    public var detail: String?

    public init(
        _ kind: WireErrorKind, _ message: String, retryable: Bool? = nil, retryAfter: Duration? = nil,
        path: String? = nil, detail: String? = nil
    ) {
        self.kind = kind
        self.message = message
        self.retryable = retryable ?? kind.isRetryable
        self.retryAfter = retryAfter
        self.path = path
        self.detail = detail
    }

    public var description: String { "\(kind.rawValue): \(message)" }

    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.name("code")
        writer.int(Int64(kind.code))
        writer.name("message")
        writer.string(message)
        writer.name("data")
        writer.beginObject()
        writer.name("kind")
        writer.string(kind.rawValue)
        writer.name("retryable")
        writer.bool(retryable)
        if let retryAfter {
            writer.name("retry_after_ms")
            writer.int(retryAfter.millisecondsRoundedUp)
        }
        if let path {
            writer.name("path")
            writer.string(path)
        }
        if let detail {
            writer.name("detail")
            writer.string(detail)
        }
        writer.endObject()
        writer.endObject()
    }
}

extension Duration {
    /// At least 0; what exceeds an Int64 is its maximum.
    fileprivate var millisecondsRoundedUp: Int64 {
        guard self > .zero else { return 0 }
        let (whole, overflow) = components.seconds.multipliedReportingOverflow(by: 1000)
        let part = (components.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        let (sum, carry) = whole.addingReportingOverflow(part)
        return overflow || carry ? .max : sum
    }
}
