// SPDX-License-Identifier: MIT
import DaemonHarness
import Foundation
import Glibc
import RedisServer
import Testing

extension Integration {
    /// What `sluice check` says, beside what `sluice serve` does.
    @Suite struct CheckTests {
        private final class Folder {
            let path = "/tmp/sluice-check-\(UUID().uuidString.prefix(8))"

            init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false) }

            deinit { try? FileManager.default.removeItem(atPath: path) }
        }

        private func check(_ words: String...) throws -> (end: ChildProcess.End, lines: [String]) {
            let child = try ChildProcess(DaemonBinary.path(), ["check"] + words)
            let lines = child.lines.rest()
            return (child.wait(), lines)
        }

        /// Starts a daemon in the state directory, and stops it when it is ready; nil: it refused.
        private func served(_ words: String...) throws -> ChildProcess.End? {
            let child = try ChildProcess(DaemonBinary.path(), ["serve"] + words)
            while let line = child.lines.next() {
                guard line.hasSuffix(" ready") else { continue }
                child.signal(SIGTERM)
                return child.wait()
            }
            child.wait()
            return nil
        }

        @Test func `a state directory that can't be made is a problem, as it is for serve`() throws {
            let folder = try Folder()
            let path = folder.path + "/missing/state"
            let found = try check("--state-directory", path)
            #expect(found.end == .code(1))
            #expect(
                found.lines.contains("PROBLEM  state directory: \(path) can't be created: No such file or directory"),
                "\(found.lines)")
            #expect(try served("--state-directory", path) == nil)
            try Data().write(to: URL(filePath: folder.path + "/file"))
            #expect(try check("--state-directory", folder.path + "/file/state").end == .code(1))
            let good = try check("--state-directory", folder.path + "/state/")
            #expect(good.end == .code(0), "\(good.lines)")
        }

        @Test func `the default main database of a keyspace without a schema will be made, as serve does`() throws {
            let folder = try Folder()
            let main = folder.path + "/main.db"
            #expect(try served("--state-directory", folder.path) == .code(0))
            // No table was ever seen in it.
            try FileManager.default.removeItem(atPath: main)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            let found = try check("--state-directory", folder.path)
            #expect(found.end == .code(0), "\(found.lines)")
            #expect(found.lines.contains { $0.hasSuffix("\(main) will be created") }, "\(found.lines)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == names)
            #expect(try served("--state-directory", folder.path) == .code(0))
            #expect(FileManager.default.fileExists(atPath: main))

            _ = try SQLiteProgram(path: main).rows("CREATE TABLE t(id INTEGER PRIMARY KEY)")
            #expect(try served("--state-directory", folder.path) == .code(0))
            try FileManager.default.removeItem(atPath: main)
            let later = try check("--state-directory", folder.path)
            #expect(later.end == .code(1), "\(later.lines)")
            #expect(later.lines.contains { $0.hasPrefix("PROBLEM  main database") }, "\(later.lines)")
            #expect(try served("--state-directory", folder.path) == .code(0))
            #expect(!FileManager.default.fileExists(atPath: main), "a database that was seen is away, not new")
        }

        @Test(.enabled(if: RedisServer.program != nil))
        func `on Redis the same`() throws {
            let folder = try Folder()
            let server = try RedisServer(arguments: ["--appendonly", "yes", "--appendfsync", "always"])
            let main = folder.path + "/main.db"
            let found = try check("--state-directory", folder.path, "--keyspace", server.url)
            #expect(found.end == .code(0), "\(found.lines)")
            #expect(found.lines.contains { $0.hasSuffix("\(main) will be created") }, "\(found.lines)")
            #expect(try served("--state-directory", folder.path, "--keyspace", server.url) == .code(0))
            _ = try SQLiteProgram(path: main).rows("CREATE TABLE t(id INTEGER PRIMARY KEY)")
            #expect(try served("--state-directory", folder.path, "--keyspace", server.url) == .code(0))
            try FileManager.default.removeItem(atPath: main)
            #expect(try check("--state-directory", folder.path, "--keyspace", server.url).end == .code(1))
        }

        @Test(arguments: [">/dev/full", ">&-", "--json >/dev/full"])
        func `findings that nobody can read are a failure`(redirection: String) throws {
            let folder = try Folder()
            let command = "exec '\(try DaemonBinary.path())' check --state-directory '\(folder.path)' \(redirection)"
            #expect(try ChildProcess("/bin/sh", ["-c", command]).wait() == .code(1))
        }

        @Test func `a socket for everybody gets a line of advice`() throws {
            let folder = try Folder()
            let open = try check("--state-directory", folder.path, "--socket-mode", "0777")
            #expect(open.end == .code(0))
            #expect(open.lines.contains { $0.hasPrefix("WARNING  socket: ") && $0.contains("every user") })
            #expect(open.lines.contains { $0.contains("set socket.mode to 0600") })
            let group = try check("--state-directory", folder.path, "--socket-mode", "0660")
            #expect(group.lines.contains { $0.hasPrefix("OK  socket: ") }, "\(group.lines)")
        }
    }
}
