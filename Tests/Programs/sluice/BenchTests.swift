// SPDX-License-Identifier: MIT
import JSON
import NIOCore
import SluiceClient
import Testing

@testable import sluice

@Suite("The load's requests and replies")
struct BenchTests {
    private let template = BenchTemplate.buffer(model: "a\"model", payloadBytes: 400)

    private func request(
        _ template: BenchTemplate, slot: Int, _ random: UInt64
    ) throws -> (length: Int, value: JSONValue) {
        var buffer = ByteBuffer()
        template.append(to: &buffer, slot: slot, milliseconds: 0x017f_22e2_79b0, random: (random, random))
        let read = buffer.readInteger(as: UInt32.self)
        let length = try #require(read)
        return (Int(length), try JSONValue(parsing: Array(buffer.readableBytesView)))
    }

    @Test("A patched request is a whole frame of valid JSON", arguments: [0, 7, 10, 8999])
    func patched(slot: Int) throws {
        var buffer = ByteBuffer()
        template.append(to: &buffer, slot: slot, milliseconds: 1, random: (.max, .max))
        #expect(buffer.getInteger(at: 0, as: UInt32.self) == UInt32(buffer.readableBytes - 4))
        let (length, value) = try request(template, slot: slot, 5)
        #expect(length + 4 == template.frame.count)
        #expect(value["id"] == .integer(Int64(1000 + slot)))
        #expect(value["method"] == "transaction.buffer")
        let transaction = try #require(value["params"]?["transaction"])
        #expect(transaction["transaction_id"] == "017f22e2-79b0-7005-8000-000000000005")
        let step = try #require(transaction["steps"]?.array?.first)
        #expect(step["model"] == "a\"model")
        #expect(step["data"]?["payload"]?.string?.utf8.count == 400)
        #expect(step["data"]?["id"] == nil)
    }

    @Test("Requests that stand behind one another are each patched in their own place")
    func consecutive() throws {
        var buffer = ByteBuffer()
        for slot in 0..<3 { template.append(to: &buffer, slot: slot, milliseconds: 1, random: (0, UInt64(slot))) }
        var ids: Set<String> = []
        for slot in 0..<3 {
            let length = buffer.readInteger(as: UInt32.self) ?? 0
            let payload = buffer.readBytes(length: Int(length)) ?? []
            let value = try JSONValue(parsing: payload)
            #expect(value["id"] == .integer(Int64(1000 + slot)))
            ids.insert(try #require(value["params"]?["transaction"]?["transaction_id"]?.string))
        }
        #expect(ids.count == 3)
        #expect(buffer.readableBytes == 0)
    }

    @Test("A load without its table names the table and the statement that makes it")
    func noTable() {
        func failure(_ errors: [String: Int]) -> CommandFailure {
            let load = BenchReport.Load(unanswered: 0, errors: errors)
            return Bench.failure(
                of: BenchReport(
                    method: "transaction.buffer", connections: 1, depth: 1, frameBytes: 9, durability: "fsynced",
                    load: load),
                model: "many")
        }
        let lacking = failure(["validation_failed": 3])
        #expect(lacking.message.contains("no table many"))
        #expect(lacking.hint.hasSuffix("CREATE TABLE many (id TEXT PRIMARY KEY, payload TEXT)"))
        #expect(failure(["buffer_full": 2, "busy": 1]).message == "No request succeeded: buffer_full, busy.")
    }

    @Test("Another method keeps its params")
    func method() throws {
        let value = try request(.method("keyspace.command", params: ["command": ["GET", "k"]]), slot: 3, 0).value
        #expect(
            value == ["jsonrpc": "2.0", "id": 1003, "method": "keyspace.command", "params": ["command": ["GET", "k"]]])
    }

    @Test(
        "Replies are told apart, in the sidecar's layout and in any other",
        arguments: [
            (#"{"jsonrpc":"2.0","id":1007,"result":{}}"#, .done(slot: 7)),
            (#"{"id": 1007, "jsonrpc": "2.0", "result": null}"#, .done(slot: 7)),
            (#"{"jsonrpc":"2.0","id":9999,"result":1}"#, .done(slot: 8999)),
            (
                #"{"jsonrpc":"2.0","id":1001,"error":{"code":-32000,"message":"","data":{"kind":"buffer_full","retry_after_ms":9}}}"#,
                .failed(slot: 1, kind: "buffer_full", retryAfterMilliseconds: 9)
            ),
            (
                #"{"jsonrpc":"2.0","id":1001,"error":{"code":-32603,"message":""}}"#,
                .failed(slot: 1, kind: "internal_error", retryAfterMilliseconds: 0)
            ),
            (#"{"jsonrpc":"2.0","id":null,"error":{"data":{"kind":"busy"}}}"#, .stray(kind: "busy")),
            (#"{"jsonrpc":"2.0","id":0999,"result":1}"#, .stray(kind: "invalid_reply")),
            (#"{"jsonrpc":"2.0","id":"1007","result":1}"#, .stray(kind: "invalid_reply")),
            ("", .stray(kind: "invalid_reply")),
        ] as [(String, BenchReply)])
    func replies(text: String, reply: BenchReply) {
        Array(text.utf8).withUnsafeBytes { bytes in #expect(BenchReply(bytes) == reply) }
    }

    @Test("A report has its rate, and names what failed")
    func report() {
        let load = BenchReport.Load(
            succeeded: 1000, unanswered: 2, errors: ["busy": 3], seconds: 2, latencies: [("p50", 1500)],
            processorMicroseconds: 4.567)
        let drain = BenchReport.Drain(committed: 900, seconds: 3, failed: 1)
        let report = BenchReport(
            method: "m", connections: 4, depth: 1, frameBytes: 9, durability: "fsynced", load: load, drain: drain)
        #expect(report.value["requests_per_second"] == 500)
        #expect(report.value["latency_microseconds"] == ["p50": 1.5])
        #expect(report.value["errors"] == ["busy": 3, "unanswered": 2])
        #expect(report.value["client_cpu_microseconds_per_request"] == 4.57)
        #expect(report.value["drain"]?["committed_per_second"] == 300)
    }
}
