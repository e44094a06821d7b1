// SPDX-License-Identifier: MIT
import Foundation
import JSON
import Testing
import WireProtocol

@testable import SocketServer

@Suite(.serialized) struct ShutdownTests {
    @Test func `a graceful stop answers what is in execution, then closes and removes the socket`() async throws {
        let started = Events()
        let gate = Events()
        let handler = ScriptedHandler { frame, _ in
            started.signal()
            await gate.wait()
            return reply(to: frame)
        }
        let folder = TestFolder()
        try await withServer(handler, folder: folder) { server in
            let client = try await onThread { try TestClient(server.path) }
            client.request(1)
            await started.wait()
            await server.stop()
            gate.signal()
            try await onThread { () throws in
                #expect(try client.reply()["id"]?.int64 == 1)
                client.expectEnd()
            }
        }
        #expect(handler.closed.count == 1)
        #expect(!FileManager.default.fileExists(atPath: folder.socket))
        #expect(FileManager.default.fileExists(atPath: folder.socket + ".lock"))
    }

    @Test func `a stop does not wait for ever`() async throws {
        let started = Events()
        let handler = ScriptedHandler { _, _ in
            started.signal()
            try? await Task.sleep(for: .seconds(3600))
            return nil
        }
        try await withServer(handler, configure: { $0.shutdownTimeout = .milliseconds(100) }) { server in
            let client = try await onThread { try TestClient(server.path) }
            client.request(1)
            await started.wait()
            await server.stop()
            try await onThread { client.expectEnd() }
        }
        #expect(handler.closed.count == 1)
    }
}
