// SPDX-License-Identifier: MIT
import Foundation
import JSON
import Testing

@testable import WireProtocol

@Suite struct WireErrorTests {
    @Test func `errors.json holds exactly this table, in this order`() throws {
        let file = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("proto-json/errors.json")
        let table = try JSONDocument(parsing: Array(try Data(contentsOf: file))).root["errors"]
        let rows = Array(try #require(table).elements)
        #expect(rows.map { $0["kind"]?.string } == WireErrorKind.allCases.map(\.rawValue))
        #expect(rows.map { $0["code"]?.int64 } == WireErrorKind.allCases.map { Int64($0.code) })
        #expect(rows.map { $0["retryable"]?.bool } == WireErrorKind.allCases.map(\.isRetryable))
        for row in rows {
            #expect(row["meaning"]?.string?.isEmpty == false)
            #expect(row["client"]?.string?.isEmpty == false)
        }
    }

    @Test func `our codes count down from -32000 in order`() {
        let ours = WireErrorKind.allCases.dropFirst(5)
        #expect(ours.map(\.code) == (0..<ours.count).map { -32000 - $0 })
        #expect(ours.count == 20)
    }

    @Test func `an error carries what it was given and leaves out the rest`() throws {
        let full = WireError(
            .busy, "Say \"later\".", retryable: false, retryAfter: .microseconds(1500), path: "a[0].b", detail: "X")
        let text = String(decoding: ReplyWriter.error(id: RequestID(7), full).dropFirst(4), as: UTF8.self)
        #expect(
            text == #"{"jsonrpc":"2.0","id":7,"error":{"code":-32001,"message":"Say \"later\".","data":"#
                + #"{"kind":"busy","retryable":false,"retry_after_ms":2,"path":"a[0].b","detail":"X"}}}"#)
        let bare = String(
            decoding: ReplyWriter.error(id: nil, WireError(.notFound, "No.")).dropFirst(4), as: UTF8.self)
        #expect(
            bare == #"{"jsonrpc":"2.0","id":null,"error":{"code":-32005,"message":"No.","#
                + #""data":{"kind":"not_found","retryable":false}}}"#)
    }
}
