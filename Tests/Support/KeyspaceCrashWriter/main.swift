// SPDX-License-Identifier: MIT
import EmbeddedKeyspace
import Glibc
import Keyspace
import KeyspaceConformance
import TransactionModel

// Accepts, commits and releases without end, and writes a line for everything that was acknowledged. Somebody kills it.

let site = SiteSettings(site: "crash")
var settings = EmbeddedSettings(path: CommandLine.arguments[1], site: site)
settings.logBytesMax = 256 << 10
settings.reserveBytes = 1 << 20
let keyspace = try EmbeddedKeyspace(
    settings, now: { Timestamp(microseconds: 1_780_000_000_000_000) }, onFailure: { _ in _exit(3) })
let subject = Subject(keyspace, settings: site)
let run = CommandLine.arguments[2]

@Sendable func acknowledged(_ what: String, _ id: String) {
    let line = "\(what) \(id)\n"
    _ = line.withCString { write(1, $0, line.utf8.count) }
}

try await withThrowingTaskGroup(of: Void.self) { group in
    for lane in 0..<8 {
        group.addTask {
            for number in 0... {
                let id = "\(run)-\(lane)-\(number)"
                guard
                    try await subject.accept(
                        id, Subject.step("create", "m", id + "-1"), Subject.step("create", "m", id + "-2", step: "t"))
                        == .accepted
                else { _exit(4) }
                acknowledged("accepted", id)
            }
        }
    }
    group.addTask {
        var position: UInt64 = 0
        while true {
            for claimed in try await subject.claim(4, token: 1) {
                position += 1
                let change = Advance.Change.committed(claimed.transactionID, position: Position(position), generatedIDs: nil)
                guard try await subject.advance(change) == [.advanced(unparked: 0)] else { _exit(5) }
                acknowledged("committed", claimed.transactionID.string)
            }
        }
    }
    try await group.waitForAll()
}
