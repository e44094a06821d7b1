// SPDX-License-Identifier: MIT
public import JSON

/// One JSON-RPC 2.0 request: everything about it but what its method makes of its params.
public struct RequestEnvelope: Sendable {
    public let method: String
    /// Nil: a notification, which is never answered.
    public let id: RequestID?
    /// An object; nil when absent.
    public let params: JSONView?
    public let meta: RequestMeta

    /// Reads the payload of a frame. The refusal carries the reply, if one is due.
    public init(parsing payload: [UInt8]) throws(RequestRefusal) {
        let root = try Self.object(payload)
        let id = try Self.id(of: root)
        guard let version = root["jsonrpc"], version.stringEquals("2.0") else {
            throw RequestRefusal(answering: id, Self.invalid("jsonrpc must be \"2.0\".", path: "jsonrpc"))
        }
        guard let method = root["method"]?.string else {
            throw RequestRefusal(answering: nil, Self.invalid("method must be a string.", path: "method"))
        }
        self.method = method
        self.id = id
        params = root["params"]
        if let params, params.kind != .object {
            let error = WireError(.invalidParams, "params must be an object.", path: "params")
            throw RequestRefusal(of: id, error)
        }
        do throws(WireError) {
            meta = try params?["_meta"].map { (view) throws(WireError) in try RequestMeta(view) } ?? RequestMeta()
        } catch {
            throw RequestRefusal(of: id, error)
        }
    }

    private static func object(_ payload: [UInt8]) throws(RequestRefusal) -> JSONView {
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(parsing: payload)
        } catch {
            let message = "The frame holds no valid JSON: \(error)."
            throw RequestRefusal(answering: nil, WireError(.parseError, message, detail: error.code.rawValue))
        }
        switch document.root.kind {
        case .object: return document.root
        case .array:
            throw RequestRefusal(
                answering: nil,
                invalid("Batches are not supported: send one request per frame; frames may be pipelined."))
        case .null, .bool, .number, .string:
            throw RequestRefusal(answering: nil, invalid("A request is a JSON object."))
        }
    }

    private static func id(of root: JSONView) throws(RequestRefusal) -> RequestID? {
        guard let view = root["id"] else { return nil }
        guard let id = RequestID(view) else {
            let message = "id must be a string or an integer, of at most \(RequestID.bytesMax) bytes."
            throw RequestRefusal(answering: nil, invalid(message, path: "id"))
        }
        return id
    }

    private static func invalid(_ message: String, path: String? = nil) -> WireError {
        WireError(.invalidRequest, message, path: path)
    }
}
