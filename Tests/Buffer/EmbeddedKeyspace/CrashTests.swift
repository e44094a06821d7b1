// SPDX-License-Identifier: MIT
import Foundation
import JSON
import Keyspace
import KeyspaceConformance
import Testing
import TransactionModel

@testable import EmbeddedKeyspace

@Suite struct CrashTests {
    /// Runs the writer until it has acknowledged so much, and kills it. Answers what it acknowledged.
    private func runAndKill(_ path: String, run: String, after lines: Int) throws -> [Substring] {
        let directory = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let process = Process()
        process.executableURL = directory.appendingPathComponent("KeyspaceCrashWriter")
        process.arguments = [path, run]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        var output = Data()
        while output.count(where: { $0 == UInt8(ascii: "\n") }) < lines {
            let more = pipe.fileHandleForReading.availableData
            guard !more.isEmpty else { break }
            output += more
        }
        kill(process.processIdentifier, SIGKILL)
        output += pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal)
        // A line that was cut off was not acknowledged to anybody.
        return String(decoding: output, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            .dropLast()
    }

    @Test func `killed at any moment, what was acknowledged is there, whole and once`() async throws {
        let fixture = Fixture()
        var accepted: Set<String> = []
        var committed: Set<String> = []
        for run in 0..<4 {
            let lines = try runAndKill(fixture.path, run: "r\(run)", after: 150 + run * 131)
            for line in lines {
                let words = line.split(separator: " ")
                if words[0] == "accepted" {
                    accepted.insert(String(words[1]))
                } else {
                    committed.insert(String(words[1]))
                }
            }
            try await check(fixture, accepted, committed)
        }
        #expect(accepted.count > 500)
        #expect(!committed.isEmpty)
    }

    private func check(_ fixture: Fixture, _ accepted: Set<String>, _ committed: Set<String>) async throws {
        try await fixture.with(fixture.settings(SiteSettings(site: "crash"))) { subject, _ async throws in
            for id in accepted {
                let status = try await subject.status(id)?["status"]
                #expect(status == "committed" || status == "pending" && !committed.contains(id), "\(id)")
                for record in ["\(id)-1", "\(id)-2"] {
                    let key = subject.keys.buffered(RecordKey(model: "m", encodedID: record))
                    #expect(try await subject.command("EXISTS", key) == .integer(1))
                }
            }
            let total = try await subject.counter("accepted")
            let (pending, committed) = (try await subject.counter("pending"), try await subject.counter("committed"))
            #expect(total >= accepted.count)
            #expect(pending + committed == total)
            let buffer = try await subject.buffer()
            #expect(Int64(buffer.count) == pending)
            #expect(Set(buffer).count == buffer.count)
            #expect(try await subject.counter("processing") == 0)
        }
    }
}
