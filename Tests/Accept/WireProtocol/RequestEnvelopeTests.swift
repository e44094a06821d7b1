// SPDX-License-Identifier: MIT
import JSON
import Testing

@testable import WireProtocol

@Suite struct RequestEnvelopeTests {
    @Test(
        arguments: [
            (#"{"jsonrpc":"2.0","id":1,"method":"a"}"#, "1"),
            (#"{"jsonrpc":"2.0","id":-12345678901234567890123,"method":"a"}"#, "-12345678901234567890123"),
            (#"{"id":"x","method":"a","jsonrpc":"2.0","more":[1]}"#, #""x""#),
            (#"{"id":"\u0041\n","method":"a","jsonrpc":"2.0"}"#, #""\u0041\n""#),
            (#"{"jsonrpc":"2.0","method":"a","id":""}"#, #""""#),
            (#"{"jsonrpc":"2.0","method":"a"}"#, nil),
        ] as [(String, String?)])
    func `a good request is read and its id kept byte by byte`(text: String, id: String?) throws {
        let request = try RequestEnvelope(parsing: Array(text.utf8))
        #expect(request.method == "a")
        #expect(request.id.map { String(decoding: $0.text, as: UTF8.self) } == id)
        #expect(request.params == nil)
        #expect(request.meta == RequestMeta())
    }

    private static let null: String? = "null"

    @Test(
        arguments: [
            ("", .parseError, null), ("{", .parseError, null), (#"{"a":1,"a":2}"#, .parseError, null),
            ("[]", .invalidRequest, null), (#"[{"jsonrpc":"2.0","id":1,"method":"a"}]"#, .invalidRequest, null),
            ("1", .invalidRequest, null), ("null", .invalidRequest, null), ("{}", .invalidRequest, null),
            (#"{"jsonrpc":"2.0","id":1}"#, .invalidRequest, null),
            (#"{"jsonrpc":"2.0","id":1,"method":7}"#, .invalidRequest, null),
            (#"{"jsonrpc":"1.0","id":1,"method":"a"}"#, .invalidRequest, "1"),
            (#"{"jsonrpc":2.0,"id":1,"method":"a"}"#, .invalidRequest, "1"),
            (#"{"id":1,"method":"a"}"#, .invalidRequest, "1"),
            (#"{"method":"a"}"#, .invalidRequest, null),
            (#"{"jsonrpc":"2.0","id":null,"method":"a"}"#, .invalidRequest, null),
            (#"{"jsonrpc":"2.0","id":1.0,"method":"a"}"#, .invalidRequest, null),
            (#"{"jsonrpc":"2.0","id":1e3,"method":"a"}"#, .invalidRequest, null),
            (#"{"jsonrpc":"2.0","id":[1],"method":"a"}"#, .invalidRequest, null),
            (#"{"jsonrpc":"2.0","id":true,"method":"a"}"#, .invalidRequest, null),
            (#"{"jsonrpc":"2.0","id":1,"method":"a","params":[1]}"#, .invalidParams, "1"),
            (#"{"jsonrpc":"2.0","id":1,"method":"a","params":null}"#, .invalidParams, "1"),
            (#"{"jsonrpc":"2.0","method":"a","params":[1]}"#, .invalidParams, nil),
            (#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"_meta":1}}"#, .invalidParams, "1"),
            (#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"_meta":{"protocol":1}}}"#, .invalidParams, "1"),
            (#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"_meta":{"protocol":"2"}}}"#, .unsupportedProtocol, "1"),
            (#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"_meta":{"deadline_ms":-1}}}"#, .invalidParams, "1"),
            (#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"_meta":{"deadline_ms":1.5}}}"#, .invalidParams, "1"),
            (
                #"{"jsonrpc":"2.0","id":1,"method":"a","params":{"_meta":{"deadline_ms":86400001}}}"#, .invalidParams,
                "1"
            ),
            (#"{"jsonrpc":"2.0","id":1,"method":"a","params":{"_meta":{"traceparent":1}}}"#, .invalidParams, "1"),
            (#"{"jsonrpc":"2.0","method":"a","params":{"_meta":{"protocol":"2"}}}"#, .unsupportedProtocol, nil),
        ] as [(String, WireErrorKind, String?)])
    func `a wrong request is refused with its kind, and answered with the id that could be read`(
        text: String, kind: WireErrorKind, answeredID: String?
    ) throws {
        let refusal = #expect(throws: RequestRefusal.self) { try RequestEnvelope(parsing: Array(text.utf8)) }
        #expect(refusal?.error.kind == kind)
        let reply = refusal?.reply.map { Array($0.dropFirst(4)) }
        guard let answeredID else {
            #expect(reply == nil)
            return
        }
        let root = try JSONDocument(parsing: try #require(reply)).root
        #expect(root["id"].map { String(decoding: $0.rawBytes, as: UTF8.self) } == answeredID)
        #expect(root["error"]?["code"]?.int64 == Int64(kind.code))
        #expect(root["error"]?["data"]?["kind"]?.string == kind.rawValue)
    }

    @Test func `an id beyond the limit is not repeated`() {
        let text = #"{"jsonrpc":"2.0","method":"a","id":""# + String(repeating: "x", count: RequestID.bytesMax) + #""}"#
        let refusal = #expect(throws: RequestRefusal.self) { try RequestEnvelope(parsing: Array(text.utf8)) }
        #expect(refusal?.id == nil)
        #expect(refusal?.error.kind == .invalidRequest)
    }

    @Test func `the meta of a request is read`() throws {
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let request = try Self.request(
            meta: #"{"protocol":"1","deadline_ms":250,"traceparent":"\#(parent)","tracestate":"a=b","new":1}"#)
        #expect(request.meta == RequestMeta(deadline: .milliseconds(250), traceparent: parent, tracestate: "a=b"))
        #expect(request.params?["x"]?.int64 == 1)
    }

    @Test(arguments: [
        "", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331", "hello",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
    ])
    func `a malformed trace context is ignored and stops nothing`(parent: String) throws {
        let request = try Self.request(meta: #"{"traceparent":"\#(parent)","tracestate":"a=b"}"#)
        #expect(request.meta == RequestMeta())
    }

    private static func request(meta: String) throws -> RequestEnvelope {
        let text = #"{"jsonrpc":"2.0","id":1,"method":"a","params":{"x":1,"_meta":\#(meta)}}"#
        return try RequestEnvelope(parsing: Array(text.utf8))
    }
}
