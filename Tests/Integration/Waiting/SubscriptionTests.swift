// SPDX-License-Identifier: MIT
import DaemonHarness
import JSON
import Testing

extension Integration {
    @Suite struct SubscriptionTests {
        /// What the next events say of a transaction, up to that status.
        private func statuses(_ client: FrameClient, of id: String, until last: String) throws -> [String] {
            var found: [String] = []
            while found.last != last {
                let params = try client.event()["params"]
                if params?["transaction_id"]?.string == id { found.append(params?["status"]?.string ?? "") }
            }
            return found
        }

        @Test func `events tell a transaction's life in its order`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let listener = try sidecar.client()
            let client = try sidecar.client()
            #expect(try listener.call("transaction.subscribe")["subscription_id"]?.string != nil)
            try client.pause()
            try client.buffer("good", .increment("s", "telescope", "t1", ["shots": 1]))
            try client.buffer("bad", .update("s", "telescope", "t2", ["state": "lost"]))
            try client.buffer("third", .update("s", "telescope", "t3", ["state": "off"]))
            try client.resume()
            #expect(try statuses(listener, of: "good", until: "replicated") == ["pending", "committed", "replicated"])
        }

        @Test func `a failed transaction's life is told too, to those who asked for it`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let listener = try sidecar.client()
            let client = try sidecar.client()
            let subscription = try listener.call("transaction.subscribe", ["transaction_ids": ["bad", "late"]])
            try client.buffer("other", .increment("s", "telescope", "t1", ["shots": 1]))
            try client.buffer("bad", .update("s", "telescope", "t2", ["state": "lost"]))
            try client.wait("bad")
            _ = try client.call("dead_letter.discard", ["transaction_ids": ["bad"]])
            var events: [JSONValue] = []
            while events.last?["status"] != "discarded" { events.append(try listener.event()["params"] ?? .null) }
            #expect(events.map { $0["status"] } == ["pending", "dead_letter", "discarded"])
            #expect(events.allSatisfy { $0["transaction_id"] == "bad" })
            #expect(events.allSatisfy { $0["subscription_id"] == subscription["subscription_id"] })
            let times = events.compactMap { $0["at"]?.string }
            #expect(times.count == 3 && times == times.sorted())

            // After the end of the subscription nothing comes any more: the next message is a reply.
            _ = try listener.call("transaction.unsubscribe", subscription)
            try client.buffer("late", .increment("s", "telescope", "t1", ["shots": 1]))
            try client.wait("late")
            try listener.send(frame: Array(#"{"jsonrpc":"2.0","id":500,"method":"server.health"}"#.utf8))
            #expect(try listener.receive()["id"] == 500)
        }

        @Test func `a subscriber by status gets every transaction once`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let listener = try sidecar.client()
            let client = try sidecar.client()
            _ = try listener.call("transaction.subscribe", ["statuses": ["committed"]])
            let count = 200
            let requests = try (0..<count).map { number in
                let step = JSONValue.increment("s", "telescope", "t1", ["shots": 1])
                return try client.post(
                    "transaction.buffer", ["transaction": FrameClient.transaction("tx\(number)", [step])])
            }
            for request in requests { _ = try client.result(of: request) }
            let ids = try (0..<count).map { _ in try listener.event()["params"]?["transaction_id"]?.string ?? "" }
            // All of them write one record: the order of commits is that of acceptance.
            #expect(ids == (0..<count).map { "tx\($0)" })
        }
    }
}
