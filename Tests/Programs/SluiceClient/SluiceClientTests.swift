// SPDX-License-Identifier: MIT
import Foundation
import JSON
import NIOCore
import Synchronization
import Testing
import WireProtocol

@testable import SluiceClient

@Suite("The client, against a sidecar whose answers are written here", .timeLimit(.minutes(10)))
struct SluiceClientTests {
    private static let receipt: JSONValue = [
        "transaction_id": "t1", "status": "pending", "generated_ids": ["a": "x"], "durability": "fsynced",
        "duplicate": false,
    ]

    private func configuration(_ sidecar: FakeSidecar, deadline: Duration = .seconds(20)) -> SluiceClientConfiguration {
        var configuration = SluiceClientConfiguration(socketPath: sidecar.path)
        configuration.reconnectDelay = .milliseconds(1)
        configuration.deadline = deadline
        return configuration
    }

    @Test("Replies find their calls in whatever order they come")
    func outOfOrder() async throws {
        // The first request is answered together with the second, behind it.
        let first = Mutex<FakeSidecar.Request?>(nil)
        let answers = try await FakeSidecar.run { request in
            first.withLock { held in
                guard let waiting = held else {
                    held = request
                    return []
                }
                return [.result(request.params), .resultTo(waiting.id, waiting.params)]
            }
        } _: { sidecar in
            try await SluiceClient.withClient(configuration(sidecar)) { client in
                async let a = client.call("id.generate", ["n": 1])
                async let b = client.call("id.generate", ["n": 2])
                return try await [a, b]
            }
        }
        #expect(answers == [["n": 1], ["n": 2]])
    }

    @Test("A reply that comes in pieces is one reply")
    func halfFrames() async throws {
        let payload = Array(#"{"jsonrpc":"2.0","id":1,"result":{"ok":true}}"#.utf8)
        let frame = Frame.encode(payload)
        let result = try await FakeSidecar.run { _ in
            [.bytes(Array(frame[..<3])), .bytes(Array(frame[3..<20])), .bytes(Array(frame[20...]))]
        } _: { sidecar in
            try await SluiceClient.withClient(configuration(sidecar)) { try await $0.call("server.health") }
        }
        #expect(result == ["ok": true])
    }

    @Test("A transaction whose reply was cut off is sent again under the same transaction_id")
    func resend() async throws {
        let (receipt, requests) = try await FakeSidecar.run { request in
            // Half a frame, then nothing: the client must not take it for an answer.
            request.connection == 0 ? [.bytes([0, 0, 0, 90, 0x7b]), .cut] : [.result(Self.receipt)]
        } _: { sidecar in
            let receipt = try await SluiceClient.withClient(configuration(sidecar)) { client in
                try await client.buffer(["steps": []])
            }
            return (receipt, sidecar.requests.withLock { $0 })
        }
        #expect(receipt.transactionID == "t1")
        #expect(receipt.generatedIDs["a"] == "x")
        #expect(requests.count == 2)
        #expect(requests.map(\.connection) == [0, 1])
        let ids = requests.map { $0.params["transaction"]?["transaction_id"]?.string }
        #expect(ids[0] == ids[1])
        #expect(ids[0]?.utf8.count == UUIDv7.textBytes)
    }

    @Test("A call that cannot be repeated fails with outcome_unknown when its connection breaks")
    func unknownOutcome() async throws {
        let methods = try await FakeSidecar.run { _ in
            [.cut]
        } _: { sidecar in
            try await SluiceClient.withClient(configuration(sidecar)) { client in
                let error = await #expect(throws: SluiceClientError.self) { try await client.command("INCR", "k") }
                #expect(error?.kind == .outcomeUnknown)
            }
            return sidecar.methods
        }
        #expect(methods == ["keyspace.command"])
    }

    @Test("After a loss the next call connects anew")
    func reconnects() async throws {
        try await FakeSidecar.run { request in
            request.connection == 0 ? [.cut] : [.result(["n": 1])]
        } _: { sidecar in
            try await SluiceClient.withClient(configuration(sidecar)) { client in
                await #expect(throws: SluiceClientError.self) { try await client.command("INCR", "k") }
                let second = try await client.command("INCR", "k")
                #expect(second == ["n": 1])
            }
        }
    }

    @Test("A client that does not reconnect says connection_lost, also to later calls")
    func staysDown() async throws {
        try await FakeSidecar.run { _ in
            [.cut]
        } _: { sidecar in
            var configuration = configuration(sidecar)
            configuration.reconnects = false
            try await SluiceClient.withClient(configuration) { client in
                for _ in 0..<2 {
                    let error = await #expect(throws: SluiceClientError.self) { try await client.health() }
                    #expect(error?.kind == .connectionLost)
                }
            }
        }
    }

    @Test(
        "A silent sidecar: reads end with deadline_exceeded, writes with outcome_unknown",
        arguments: [("record.get", SluiceErrorKind.deadlineExceeded), ("object.save", .outcomeUnknown)])
    func timeout(method: String, kind: SluiceErrorKind) async throws {
        let (stream, arrived) = AsyncStream<Void>.makeStream()
        let requests = try await FakeSidecar.run { request in
            guard request.method != "server.health" else { return [.result([:])] }
            arrived.yield()
            return []
        } _: { sidecar in
            try await SluiceClient.withClient(configuration(sidecar)) { client in
                // Once there is a connection, the deadline is time enough to send something.
                _ = try await client.health()
                let error = await #expect(throws: SluiceClientError.self) {
                    try await client.call(method, [:], deadline: .seconds(1))
                }
                #expect(error?.kind == kind)
                for await _ in stream { break }
            }
            return sidecar.requests.withLock { $0 }
        }
        #expect(requests.last?.params["_meta"]?["deadline_ms"] == 1000)
    }

    @Test("A request that is too long fails by itself, and the connection goes on")
    func oversize() async throws {
        let methods = try await FakeSidecar.run { _ in
            [.result(["ok": true])]
        } _: { sidecar in
            var configuration = configuration(sidecar)
            configuration.requestBytesMax = 1000
            try await SluiceClient.withClient(configuration) { client in
                let long = JSONValue.string(String(repeating: "x", count: 1000))
                let error = await #expect(throws: SluiceClientError.self) {
                    try await client.call("record.get", ["model": long])
                }
                #expect(error?.kind == .frameError && error?.detail == "oversize")
                let health = try await client.health()
                #expect(health == ["ok": true])
            }
            return sidecar.methods
        }
        #expect(methods == ["server.health"])
    }

    @Test("A cancelled task waits no longer")
    func cancellation() async throws {
        let (stream, arrived) = AsyncStream<Void>.makeStream()
        try await FakeSidecar.run { _ in
            arrived.yield()
            return []
        } _: { sidecar in
            try await SluiceClient.withClient(configuration(sidecar)) { client in
                let call = Task { try await client.health() }
                for await _ in stream { break }
                call.cancel()
                let error = await #expect(throws: SluiceClientError.self) { try await call.value }
                #expect(error?.kind == .cancelled)
            }
        }
    }

    @Test("An error keeps everything the sidecar says")
    func errors() async throws {
        let text = """
            {"code": -32006, "message": "No such model.", "data": {"kind": "validation_failed", "retryable": false,
             "retry_after_ms": 20, "path": "steps[0].model", "detail": "unknown_model"}}
            """
        try await FakeSidecar.run { _ in
            [.error(text)]
        } _: { sidecar in
            try await SluiceClient.withClient(configuration(sidecar)) { client in
                let error = await #expect(throws: SluiceClientError.self) { try await client.buffer(["steps": []]) }
                let expected = SluiceClientError(
                    .validationFailed, "No such model.", code: -32006, retryAfter: .milliseconds(20),
                    path: "steps[0].model", detail: "unknown_model")
                #expect(error == expected)
            }
        }
    }

    @Test("A refusal of the connection reaches the calls, and is not met by knocking again")
    func refusal() async throws {
        let text = #"{"code":-32011,"message":"Not you.","data":{"kind":"permission_denied","retryable":false}}"#
        let methods = try await FakeSidecar.run { _ in
            [.refuse(text), .cut]
        } _: { sidecar in
            try await SluiceClient.withClient(configuration(sidecar)) { client in
                let error = await #expect(throws: SluiceClientError.self) { try await client.health() }
                #expect(error?.kind == .permissionDenied)
            }
            return sidecar.methods
        }
        #expect(methods.count == 1)
    }

    @Test("What is no frame of the protocol ends the connection")
    func nonsense() async throws {
        try await FakeSidecar.run { _ in
            [.bytes(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))]
        } _: { sidecar in
            try await SluiceClient.withClient(configuration(sidecar)) { client in
                let error = await #expect(throws: SluiceClientError.self) { try await client.health() }
                #expect(error?.kind == .invalidReply)
            }
        }
    }

    @Test("Nobody at the path: the client says so, and where")
    func nobody() async throws {
        let error = await #expect(throws: SluiceClientError.self) {
            try await SluiceClient.withClient(socketPath: "/nonexistent/s") { _ in }
        }
        #expect(error?.kind == .connectionFailed)
        #expect(error?.message.contains("/nonexistent/s") == true)
    }

    @Test("A path that is no socket, too long or not for us is called what it is")
    func noSocket() async throws {
        func failure(_ path: String) async -> SluiceClientError? {
            await #expect(throws: SluiceClientError.self) {
                try await SluiceClient.withClient(socketPath: path) { _ in }
            }
        }
        let folder = FileManager.default.temporaryDirectory.appending(path: "sc-\(UUID().uuidString.prefix(8))").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data().write(to: URL(filePath: folder + "/file"))
        let cases = [
            (folder, "no_socket", "is a directory, no socket"), (folder + "/file", "no_socket", "is a file, no socket"),
            ("/tmp/" + String(repeating: "x", count: 130), "path_length", "has 135 bytes"),
        ]
        for (path, detail, text) in cases {
            let error = await failure(path)
            #expect(error?.kind == .connectionFailed && error?.detail == detail && error?.retryable == false)
            #expect(error?.message.contains(text) == true && error?.message.contains("Nobody") == false)
        }
        let refused = SluiceClientError(connectingTo: folder, IOError(errnoCode: EACCES, reason: "connect"))
        #expect(refused.detail == "permission" && refused.message.contains("This user may not connect"))
        let away = await failure(folder + "/none")
        #expect(away?.detail == nil && away?.retryable == true)
    }

    @Test("A sidecar that is mute costs the time that was given, and no more")
    func mute() async throws {
        try await FakeSidecar.run { _ in
            []
        } _: { sidecar in
            var configuration = configuration(sidecar, deadline: .seconds(3600))
            configuration.answerTime = .milliseconds(1)
            try await SluiceClient.withClient(configuration) { client in
                let hasty = client.waiting(atMost: .milliseconds(1))
                let read = await #expect(throws: SluiceClientError.self) { try await hasty.health() }
                #expect(read?.kind == .deadlineExceeded && read?.code == 0)
                let write = await #expect(throws: SluiceClientError.self) { try await hasty.buffer(["steps": []]) }
                #expect(write?.kind == .outcomeUnknown && write?.code == 0)
                let wait = await #expect(throws: SluiceClientError.self) {
                    try await client.wait(for: "t", until: .committed, timeout: .milliseconds(1))
                }
                #expect(wait?.kind == .deadlineExceeded)
                let drain = await #expect(throws: SluiceClientError.self) {
                    try await client.drain(timeout: .milliseconds(1))
                }
                #expect(drain?.kind == .outcomeUnknown)
            }
        }
    }

    @Test("Raw calls pass bytes through; params that are no object never leave")
    func raw() async throws {
        let methods = try await FakeSidecar.run { request in
            [.result(request.params)]
        } _: { sidecar in
            try await SluiceClient.withClient(configuration(sidecar)) { client in
                let bytes = try await client.callRaw("id.generate", paramsText: Array(#"{"model":"m","n":1.50}"#.utf8))
                #expect(String(decoding: bytes, as: UTF8.self) == #"{"model":"m","n":1.50}"#)
                for bad in ["[1]", "{", "1"] {
                    let error = await #expect(throws: SluiceClientError.self) {
                        try await client.callRaw("id.generate", paramsText: Array(bad.utf8))
                    }
                    #expect(error?.kind == .invalidParams)
                }
            }
            return sidecar.methods
        }
        #expect(methods.count == 1)
    }

    @Test("A subscription gives its events, from the first on, and its end unsubscribes")
    func subscription() async throws {
        let (stream, unsubscribed) = AsyncStream<Void>.makeStream()
        try await FakeSidecar.run { request in
            func event(_ status: JSONValue) -> FakeSidecar.Act {
                .notify([
                    "subscription_id": "s1", "transaction_id": "t1", "status": status, "at": "2026-01-01T00:00:00Z",
                ])
            }
            if request.method == "transaction.unsubscribe" { unsubscribed.yield() }
            return [.result(["subscription_id": "s1"]), event("pending"), event("committed")]
        } _: { sidecar in
            try await SluiceClient.withClient(configuration(sidecar)) { client in
                var seen: [TransactionStatus] = []
                try await collect(from: client) { event in
                    seen.append(event.status)
                    return event.status != .committed
                }
                #expect(seen == [.pending, .committed])
                for await _ in stream { break }
            }
        }
    }

    /// In a function of its own, so that the sequence is gone when it returns.
    private func collect(from client: SluiceClient, _ body: (TransactionEvent) -> Bool) async throws {
        for try await event in try await client.subscribe() where !body(event) { break }
    }

    @Test("A subscription whose connection breaks ends with connection_lost")
    func brokenSubscription() async throws {
        try await FakeSidecar.run { request in
            request.method == "transaction.subscribe" ? [.result(["subscription_id": "s1"])] : [.cut]
        } _: { sidecar in
            try await SluiceClient.withClient(configuration(sidecar)) { client in
                let events = try await client.subscribe()
                await #expect(throws: SluiceClientError.self) { try await client.command("INCR", "k") }
                let error = await #expect(throws: SluiceClientError.self) { for try await _ in events {} }
                #expect(error?.kind == .connectionLost)
            }
        }
    }

    @Test("Many calls at once each get their own answer")
    func pipelining() async throws {
        let sum = try await FakeSidecar.run { request in
            [.result(request.params)]
        } _: { sidecar in
            try await SluiceClient.withClient(configuration(sidecar)) { client in
                try await withThrowingTaskGroup(of: Bool.self) { group in
                    for number in 0..<500 as Range<Int64> {
                        group.addTask {
                            try await client.call("record.get", ["n": .integer(number)]) == ["n": .integer(number)]
                        }
                    }
                    return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
            }
        }
        #expect(sum == 500)
    }
}
