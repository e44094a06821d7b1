// SPDX-License-Identifier: MIT
import DaemonHarness
import Foundation
import JSON
import Testing

extension Integration {
    @Suite struct CommandLineTests {
        private func run(
            _ words: String..., against sidecar: Sidecar
        ) throws -> (end: ChildProcess.End, lines: [String]) {
            let child = try ChildProcess(DaemonBinary.path(), words + ["--socket", sidecar.socketPath])
            let lines = child.lines.rest()
            return (child.wait(), lines)
        }

        @Test func `an id on the command line is a number or a text as the table has it`() throws {
            let sidecar = try Sidecar.started(
                schema: SampleSchema.text + "INSERT INTO exposure VALUES (7, NULL, 'seven');"
                    + "INSERT INTO telescope (id, name) VALUES ('7', 'text');")
            let number = try run("get", "exposure", "7", against: sidecar)
            #expect(number.end == .code(0) && number.lines.contains { $0.contains("seven") }, "\(number.lines)")
            let text = try run("get", "telescope", "7", against: sidecar)
            #expect(text.end == .code(0) && text.lines.contains { $0.contains("text") }, "\(text.lines)")
            let neither = try run("get", "exposure", "seven", against: sidecar)
            #expect(neither.end != .code(0))
        }

        @Test func `output that can't be written is a failure`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let command = "'\(try DaemonBinary.path())' list --json --socket '\(sidecar.socketPath)'"
            let full = try ChildProcess("/bin/sh", ["-c", command + " > /dev/full"])
            #expect(full.wait() == .code(1))
            // Nobody who reads any more is none.
            let left = try ChildProcess("/bin/sh", ["-c", command + " | true"])
            #expect(left.wait() == .code(0))
        }

        @Test func `buffer tells the id that the database has assigned, and that a transaction died`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            func buffer(_ step: String, _ options: String...) throws -> (end: ChildProcess.End, lines: [String]) {
                let path = sidecar.socketPath + ".json"
                try Data(#"{"steps":[{"step_id":"s",\#(step)}]}"#.utf8).write(to: URL(filePath: path))
                let child = try ChildProcess(
                    DaemonBinary.path(), ["buffer", path, "--socket", sidecar.socketPath] + options)
                let lines = child.lines.rest()
                return (child.wait(), lines)
            }
            let create = #""operation":"create","model":"exposure","data":{"label":"x"}"#
            let created = try buffer(create, "--wait", "committed")
            #expect(created.end == .code(0) && created.lines.contains { $0.contains(#""s":1"#) }, "\(created.lines)")
            sidecar.stop()
            try sidecar.launch(["site.type": "main"])
            try sidecar.waitUntilReady()
            let bad = #""operation":"update","model":"telescope","id":"t1","data":{"state":"lost"}"#
            #expect(try buffer(bad).end == .code(1))
            #expect(try buffer(create).end == .code(0))
        }

        @Test func `to discard what is not there is a failure`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let client = try sidecar.client()
            try client.buffer("dead", .update("s", "telescope", "t1", ["state": "lost"]))
            #expect(try client.wait("dead")["status"] == "dead_letter")
            let discard = try run("dead-letter", "discard", "dead", "daed", against: sidecar)
            #expect(discard.end == .code(1))
            #expect(discard.lines.contains { $0.contains("daed: not in") }, "\(discard.lines)")
            #expect(try client.status("dead")["status"] == "discarded")
        }

        @Test func `one transaction that is too long fails alone`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let path = sidecar.socketPath + ".jsonl"
            let steps =
                #""steps":[{"step_id":"s","operation":"increment","model":"telescope","id":"t1","data":{"shots":1}}]"#
            var lines = (0..<20).map { #"{"transaction_id":"t\#($0)",\#(steps)}"# }
            let note = String(repeating: "x", count: 5 << 20)
            lines.insert(#"{"transaction_id":"long","metadata":{"note":"\#(note)"},\#(steps)}"#, at: 10)
            try Data(lines.joined(separator: "\n").utf8).write(to: URL(filePath: path))
            let result = try run("buffer", path, against: sidecar)
            #expect(result.end == .code(1))
            #expect(try sidecar.client().counters()["accepted"] == 20)
        }

        @Test func `drain fails at once when all that remains is parked, and says where to look`() throws {
            let sidecar = try Sidecar.started(schema: SampleSchema.text)
            let client = try sidecar.client()
            try client.buffer("dead", .update("s", "telescope", "t1", ["state": "lost"]))
            #expect(try client.wait("dead")["status"] == "dead_letter")
            try client.buffer("parked", .increment("s", "telescope", "t1", ["shots": 1]))
            let drain = try run("processor", "drain", "--timeout", "600", against: sidecar)
            #expect(drain.end != .code(0))
            #expect(drain.lines.contains { $0.contains("1 remain") }, "\(drain.lines)")
            #expect(drain.lines.contains { $0.contains("sluice health") }, "\(drain.lines)")
        }
    }
}
