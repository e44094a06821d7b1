// SPDX-License-Identifier: MIT
import DaemonHarness
import Foundation
import Glibc
import JSON
import Testing

extension Integration {
    /// What the commands say of a sidecar that is silent, and of answers that are not all there is.
    @Suite struct CommandAnswerTests {
        private func run(
            _ words: [String], against sidecar: Sidecar
        ) throws -> (end: ChildProcess.End, lines: [String]) {
            let child = try ChildProcess(DaemonBinary.path(), words + ["--socket", sidecar.socketPath])
            let lines = child.lines.rest()
            return (child.wait(), lines)
        }

        @Test func `a sidecar that stands still fails a command in its time, with advice`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let path = sidecar.folder + "/t.json"
            try Data(#"{"steps":[]}"#.utf8).write(to: URL(filePath: path))
            sidecar.signal(SIGSTOP)
            defer { sidecar.signal(SIGCONT) }
            for words in [["health"], ["status", "x"], ["keys"], ["call", "server.stats"], ["processor", "pause"]] {
                let result = try run(words + ["--timeout", "100ms"], against: sidecar)
                #expect(result.end == .code(1))
                #expect(result.lines.first?.contains("gives no answer") == true, "\(words): \(result.lines)")
                #expect(result.lines.last?.hasPrefix("try: ") == true, "\(words): \(result.lines)")
            }
        }

        @Test func `without a time of its own a command waits ten seconds for a sidecar that stands still`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let path = sidecar.folder + "/t.json"
            try Data(#"{"steps":[]}"#.utf8).write(to: URL(filePath: path))
            sidecar.signal(SIGSTOP)
            defer { sidecar.signal(SIGCONT) }
            let commands = [["health"], ["buffer", path], ["wait", "x", "--timeout", "0"], ["processor", "drain"]]
            let start = ContinuousClock.now
            let children = try commands.map {
                try ChildProcess(DaemonBinary.path(), $0 + ["--socket", sidecar.socketPath])
            }
            for child in children {
                let lines = child.lines.rest()
                #expect(child.wait() == .code(1))
                #expect(lines.contains { $0.contains("gives no answer") }, "\(lines)")
            }
            #expect(ContinuousClock.now - start < .seconds(40))
        }

        @Test func `a transaction without a receipt is told with its id, and that to send it again is safe`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text, settings: ["site.type": "main"])
            let client = try sidecar.client()
            try client.pause()
            let path = sidecar.folder + "/t.json"
            let step =
                #"{"step_id":"s","operation":"increment","model":"telescope","id":"t1","data":{"shots":1}}"#
            try Data(#"{"transaction_id":"mine","steps":[\#(step)]}"#.utf8).write(to: URL(filePath: path))
            let result = try run(["buffer", path, "--timeout", "200ms"], against: sidecar)
            #expect(result.end == .code(1))
            let line = try #require(result.lines.first)
            #expect(
                line.contains("outcome_unknown") && line.contains("Whether mine was accepted is not known"), "\(line)")
            #expect(line.contains("sent again with this transaction_id it is accepted once"), "\(line)")
            try client.resume()
            let again = try run(["buffer", path], against: sidecar)
            #expect(
                again.end == .code(0) && again.lines.first?.contains(#""duplicate":true"#) == true, "\(again.lines)")
            #expect(try sidecar.main.integer("SELECT shots FROM telescope WHERE id = 't1'") == 1)
        }

        @Test func `an answer that is not all there is says so`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let client = try sidecar.client()
            for number in 0..<7 {
                _ = try client.call("keyspace.command", ["command": ["SET", .string("k\(number)"), "v"]])
                _ = try client.call("keyspace.command", ["command": ["RPUSH", "list", "v"]])
                _ = try client.call(
                    "keyspace.command", ["command": ["ZADD", "zset", .integer(Int64(number)), .string("m\(number)")]])
                _ = try sidecar.main.rows("INSERT INTO telescope (id, name) VALUES ('q\(number)', 'query \(number)')")
            }
            let condition = #"{"$and":[{"id":{"gte":"q"}},{"id":{"lt":"r"}}]}"#
            let partial = [
                (["keys", "k*", "--limit", "6"], "more: these are 6; a larger --limit, or a narrower pattern"),
                (["keys", "--show", "list", "--limit", "6"], "more: these are 6 of 7; --limit 7"),
                (["keys", "--show", "zset", "--limit", "6"], "more: these are 6 of 7; --limit 7"),
                (["query", "telescope", "--where", condition, "--limit", "6"], "more: --offset 6"),
                (
                    ["query", "telescope", "--where", condition, "--limit", "3", "--offset", "3", "--count"],
                    "more: --offset 6"
                ),
            ]
            for (words, line) in partial {
                for form in [[], ["--json"]] {
                    let lines = try run(words + form, against: sidecar).lines
                    #expect(lines.contains(line), "\(words) \(form): \(lines)")
                }
            }
            let whole = [
                ["keys", "k*", "--limit", "7"], ["keys", "--show", "list", "--limit", "7"],
                ["keys", "--show", "zset", "--limit", "7"],
                ["query", "telescope", "--where", condition, "--limit", "7"],
                ["query", "telescope", "--where", condition, "--limit", "1", "--offset", "6"],
            ]
            for words in whole {
                let lines = try run(words, against: sidecar).lines
                #expect(!lines.contains { $0.hasPrefix("more") }, "\(words): \(lines)")
            }
            // The member is for programs; what they parse stands alone on standard output.
            let json = try run(
                ["query", "telescope", "--where", condition, "--limit", "6", "--json"], against: sidecar
            ).lines.compactMap { try? JSONValue(parsing: $0) }
            #expect(json.first?["next_offset"] == 6)
            let shown = try run(["keys", "--show", "list", "--limit", "2", "--json"], against: sidecar).lines
                .compactMap { try? JSONValue(parsing: $0) }
            #expect(shown.first?["length"] == 7)
        }

        @Test func `to drain a paused processor says at once why nothing moves`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let client = try sidecar.client()
            try client.pause()
            try client.buffer("tx", .increment("s", "telescope", "t1", ["shots": 1]))
            let child = try ChildProcess(
                DaemonBinary.path(), ["processor", "drain", "--timeout", "5m", "--socket", sidecar.socketPath])
            #expect(child.lines.next() == "The processor is paused; `sluice processor resume` lets it go on.")
            try client.resume()
            #expect(child.lines.rest().contains { $0.contains("true") })
            #expect(child.wait() == .code(0))
            try client.pause()
            try client.buffer("other", .increment("s", "telescope", "t1", ["shots": 1]))
            let given = try run(["processor", "drain", "--timeout", "0"], against: sidecar)
            #expect(given.end == .code(1) && given.lines.contains("try: sluice processor resume"), "\(given.lines)")
        }

        @Test func `the configuration in effect names the places it has chosen itself`() throws {
            let sidecar = try Sidecar(schema: SampleSchema.text)
            let daemon = try ChildProcess(
                DaemonBinary.path(), ["serve"], environment: ["SLUICE_STATE_DIRECTORY": sidecar.folder])
            while let line = daemon.lines.next(), !line.hasSuffix(" ready") {}
            let socket = sidecar.folder + "/sluice.sock"
            let settings = try FrameClient(socket).call("server.config")
            #expect(settings["socket.path"] == .string(socket))
            #expect(settings["state.directory"] == .string(sidecar.folder))
            daemon.signal(SIGTERM)
            #expect(daemon.wait() == .code(0))
        }
    }
}
