// SPDX-License-Identifier: MIT
internal import JSON

/// What `params._meta` says about a request, for every method alike.
public struct RequestMeta: Sendable, Hashable {
    /// The one protocol this server speaks.
    public static let protocolVersion = "1"
    /// 24 h.
    public static let deadlineMax = Duration.seconds(86_400)

    /// Counted from the arrival of the frame; an expired request is not executed.
    public var deadline: Duration?
    /// W3C trace context. A malformed one is ignored, together with `tracestate`, as that specification demands:
    /// broken tracing stops no write.
    public var traceparent: String?
    public var tracestate: String?

    public init(deadline: Duration? = nil, traceparent: String? = nil, tracestate: String? = nil) {
        self.deadline = deadline
        self.traceparent = traceparent
        self.tracestate = tracestate
    }

    /// Reads `_meta`; unknown members are ignored.
    init(_ meta: JSONView) throws(WireError) {
        self.init()
        guard meta.kind == .object else { throw Self.invalid("_meta must be an object.", at: "_meta") }
        if let version = meta["protocol"] {
            guard version.kind == .string else {
                throw Self.invalid("protocol must be a string.", at: "_meta.protocol")
            }
            guard version.stringEquals("1") else {
                throw WireError(
                    .unsupportedProtocol, "This server speaks protocol \"\(Self.protocolVersion)\".",
                    path: "_meta.protocol")
            }
        }
        deadline = try Self.deadline(meta["deadline_ms"])
        let parent = try Self.text(meta["traceparent"], at: "_meta.traceparent")
        let state = try Self.text(meta["tracestate"], at: "_meta.tracestate")
        if let parent, Self.isTraceparent(parent) {
            traceparent = parent
            tracestate = state
        }
    }

    private static func deadline(_ view: JSONView?) throws(WireError) -> Duration? {
        guard let view else { return nil }
        let max = deadlineMax.components.seconds * 1000
        guard let milliseconds = view.int64, (0...max).contains(milliseconds) else {
            throw invalid("deadline_ms must be an integer from 0 to \(max).", at: "_meta.deadline_ms")
        }
        return .milliseconds(milliseconds)
    }

    private static func text(_ view: JSONView?, at path: String) throws(WireError) -> String? {
        guard let view else { return nil }
        guard let text = view.string else { throw invalid("\(path) must be a string.", at: path) }
        return text
    }

    private static func invalid(_ message: String, at path: String) -> WireError {
        WireError(.invalidParams, message, path: path)
    }

    /// `version-trace-parent-flags`, lowercase hex of 2, 32, 16 and 2 digits; version `ff` and zero ids are invalid.
    private static func isTraceparent(_ text: String) -> Bool {
        let fields = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard fields.map(\.count) == [2, 32, 16, 2] else { return false }
        guard fields.joined().allSatisfy(isLowerHex) else { return false }
        return !fields[0].elementsEqual("ff".utf8)
            && [1, 2].allSatisfy { field in
                fields[field].contains { $0 != UInt8(ascii: "0") }
            }
    }

    private static func isLowerHex(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
        default: false
        }
    }
}
