// SPDX-License-Identifier: MIT
import Foundation
import JSON
import Testing

@testable import RequestDispatch

@Suite("The embedded OpenRPC document")
struct OpenRPCDocumentTests {
    @Test("is proto-json/openrpc.json; `make openrpc` writes it anew")
    func isCurrent() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let file = try Data(contentsOf: root.appending(path: "proto-json/openrpc.json"))
        #expect(try JSONValue(parsing: Array(file)) == JSONValue(parsing: OpenRPCDocument.text))
    }
}
