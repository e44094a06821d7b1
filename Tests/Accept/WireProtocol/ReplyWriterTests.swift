// SPDX-License-Identifier: MIT
import JSON
import Testing

@testable import WireProtocol

@Suite struct ReplyWriterTests {
    @Test func `a result is framed and keeps its bytes and the id's`() throws {
        let request = try RequestEnvelope(parsing: Array(#"{"jsonrpc":"2.0","id":"\u0041","method":"a"}"#.utf8))
        let reply = ReplyWriter.result(id: try #require(request.id), Array(#"{ "a": 1.0 }"#.utf8))
        #expect(try Self.payload(reply) == #"{"jsonrpc":"2.0","id":"\u0041","result":{ "a": 1.0 }}"#)
    }

    @Test func `a result can be written in place`() throws {
        let reply = ReplyWriter.result(id: RequestID(3)) { writer in
            writer.beginObject()
            writer.name("ok")
            writer.bool(true)
            writer.endObject()
        }
        #expect(try Self.payload(reply) == #"{"jsonrpc":"2.0","id":3,"result":{"ok":true}}"#)
    }

    @Test func `a notification has no id`() throws {
        let frame = ReplyWriter.notification(method: "transaction.event", params: Array("{}".utf8))
        #expect(try Self.payload(frame) == #"{"jsonrpc":"2.0","method":"transaction.event","params":{}}"#)
    }

    @Test(arguments: [1, 255, 256, 65_535, 65_536, 1 << 20])
    func `the header is the length, big-endian`(count: Int) throws {
        let frame = Frame.encode([UInt8](repeating: 1, count: count))
        #expect(frame.prefix(4).reduce(0) { $0 << 8 | Int($1) } == count)
        #expect(frame.count == count + 4)
    }

    private static func payload(_ frame: [UInt8]) throws -> String {
        var decoder = FrameDecoder()
        var frames: [[UInt8]] = []
        try decoder.feed(frame, into: &frames)
        return String(decoding: try #require(frames.first), as: UTF8.self)
    }
}
