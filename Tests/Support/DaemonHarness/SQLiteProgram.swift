// SPDX-License-Identifier: MIT
import Foundation

/// The `sqlite3` command-line program: an independent reader and writer of database files.
public struct SQLiteProgram: Sendable {
    public struct Failure: Error, CustomStringConvertible {
        public var description: String
    }

    public var path: String

    public init(path: String) { self.path = path }

    /// The rows of a script, each as the text of its columns; NULL is the empty text.
    @discardableResult
    public func rows(_ script: String) throws -> [[String]] {
        let child = try ChildProcess(Self.program(), ["-batch", "-bail", "-init", "/dev/null"] + arguments(script))
        let lines = child.lines.rest()
        guard child.wait() == .code(0) else {
            throw Failure(description: "sqlite3 \(path): \(lines.joined(separator: " "))")
        }
        return lines.map { $0.components(separatedBy: Self.separator) }
    }

    /// The first column of the first row.
    public func text(_ query: String) throws -> String? { try rows(query).first?.first }

    public func integer(_ query: String) throws -> Int {
        guard let text = try text(query), let number = Int(text) else {
            throw Failure(description: "no integer: \(query)")
        }
        return number
    }

    /// Takes a lock and keeps it until the answer is released; `begin` is `BEGIN IMMEDIATE` or `BEGIN EXCLUSIVE`.
    public func locked(_ begin: String) throws -> Lock {
        let child = try ChildProcess(Self.program(), ["-batch", "-bail", "-init", "/dev/null", path])
        child.write(".timeout 10000\n\(begin);\nSELECT 'locked';\n")
        while let line = child.lines.next() {
            if line == "locked" { return Lock(child) }
        }
        throw Failure(description: "sqlite3 took no lock on \(path)")
    }

    /// A lock on the database, held by another process.
    public final class Lock {
        private let child: ChildProcess

        init(_ child: ChildProcess) { self.child = child }

        /// Gives the lock back; returns when it is gone.
        public func release() {
            child.write("ROLLBACK;\n.quit\n")
            child.wait()
        }
    }

    /// Unit separator: no value of a test has it.
    private static let separator = "\u{1f}"

    private func arguments(_ script: String) -> [String] {
        ["-separator", Self.separator, "-cmd", ".timeout 10000", path, script]
    }

    private static func program() throws -> String {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
        for folder in folders where FileManager.default.isExecutableFile(atPath: folder + "/sqlite3") {
            return folder + "/sqlite3"
        }
        throw Failure(description: "the program sqlite3 is not installed; these tests read databases with it")
    }
}
