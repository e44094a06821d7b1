// SPDX-License-Identifier: MIT
public import Foundation
import Synchronization

/// A PostgreSQL of a test's own: on a Unix socket in a temporary directory, killed at the latest when the value goes
/// away.
///
/// Its files stay over ``stop(_:)``, ``kill()`` and ``start()``, so that it can be what a crash leaves.
public final class PostgresServer: Sendable {
    public struct Failure: Error, CustomStringConvertible {
        public var description: String
    }

    /// How a server ends, as `pg_ctl stop -m` has it.
    public enum Stop: Sendable {
        /// Connections are ended, transactions rolled back.
        case fast
        /// As a crash: the next start recovers.
        case immediate
    }

    /// Whether tests that need a server can run; where they can't, they say so and are skipped.
    public static let isAvailable = Program.folder != nil

    /// How long a server may take to start.
    private static let startSeconds = 30.0

    public let directory: String
    private let settings: [String]
    private let child = Mutex<pid_t?>(nil)

    /// Starts a primary. `settings`: `name=value`.
    public convenience init(settings: [String] = []) throws {
        try self.init(settings: settings) { try DataTemplate.copy(to: $0 + "/data") }
    }

    private init(settings: [String], makeData: (_ directory: String) throws -> Void) throws {
        directory = NSTemporaryDirectory() + "sluice-pg-" + UUID().uuidString.prefix(8)
        self.settings = settings
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        Program.give(directory)
        try makeData(directory)
        try start()
    }

    deinit {
        stop(.immediate)
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// A streaming replica, started from a base backup.
    public func replica(settings: [String] = []) throws -> PostgresServer {
        try PostgresServer(settings: settings) { directory in
            try Program.run(
                "pg_basebackup",
                [
                    "-h", self.directory, "-U", "postgres", "-D", directory + "/data", "-R", "-X", "stream", "-c",
                    "fast", "--no-sync",
                ],
                folder: directory)
        }
    }

    /// A primary with a dump of this one's database: another cluster, whose log begins anew.
    public func restored() throws -> PostgresServer {
        let other = try PostgresServer(settings: settings) { directory in
            try DataTemplate.make(in: directory)
            try Program.run(
                "pg_dump", ["-h", self.directory, "-U", "postgres", "-f", directory + "/dump.sql", "postgres"],
                folder: directory)
        }
        try Program.run(
            "psql",
            ["-h", other.directory, "-U", "postgres", "-Xqv", "ON_ERROR_STOP=1", "-f", other.directory + "/dump.sql"],
            folder: other.directory)
        return other
    }

    public var socketPath: String { directory + "/.s.PGSQL.5432" }

    /// A connection string of keywords.
    public var connection: String { "host=\(directory) user=postgres dbname=postgres" }

    public var url: String {
        let host = directory.replacingOccurrences(of: "/", with: "%2F")
        return "postgres://postgres@\(host)/postgres"
    }

    public var processID: pid_t? { child.withLock { $0 } }

    // MARK: Life

    /// Starts it, again after an end, and waits until it lets clients in.
    public func start() throws {
        let arguments = [
            "-D", directory + "/data", "-k", directory, "-c", "listen_addresses=", "-c", "fsync=off", "-c",
            "shared_buffers=32MB", "-c", "max_wal_senders=4", "-c", "hot_standby_feedback=on", "-c",
            "wal_receiver_status_interval=1", "-c", "wal_retrieve_retry_interval=100ms",
        ]
        let deadline = Date().addingTimeInterval(Self.startSeconds)
        repeat {
            let started = try Program.start("postgres", arguments + settings.flatMap { ["-c", $0] }, output: log)
            child.withLock { $0 = started }
            LeftOvers.add(started, directory)
            while isAlive {
                if isReady { return }
                guard Date() < deadline else { throw Failure(description: "PostgreSQL did not start: \(logText)") }
                usleep(2000)
            }
            // What a killed server left behind may still be about to end.
        } while Date() < deadline
        throw Failure(description: "PostgreSQL did not start: \(logText)")
    }

    public func stop(_ stop: Stop = .fast) {
        signal(stop == .fast ? SIGINT : SIGQUIT)
        end()
    }

    /// The postmaster alone, with SIGKILL; its children notice and end.
    public func kill() {
        signal(SIGKILL)
        end()
        unlink(socketPath)
        unlink(socketPath + ".lock")
    }

    public func restart(_ stop: Stop = .fast) throws {
        self.stop(stop)
        try start()
    }

    /// SIGSTOP and SIGCONT of the postmaster and all its children: a server that hangs.
    public func hang(_ hangs: Bool) {
        for process in processes { Glibc.kill(process, hangs ? SIGSTOP : SIGCONT) }
    }

    private func signal(_ number: Int32) { if let child = processID { Glibc.kill(child, number) } }

    private func end() {
        guard let child = child.withLock({ $0.take() }) else { return }
        Program.wait(child)
        LeftOvers.remove(child)
    }

    /// Also collects it when it is not.
    private var isAlive: Bool {
        child.withLock { child in
            guard let process = child, waitpid(process, nil, WNOHANG) != 0 else { return child != nil }
            child = nil
            LeftOvers.remove(process)
            return false
        }
    }

    private var processes: [pid_t] {
        guard let postmaster = processID else { return [] }
        let children =
            (try? String(contentsOfFile: "/proc/\(postmaster)/task/\(postmaster)/children", encoding: .utf8)) ?? ""
        return [postmaster] + children.split(separator: " ").compactMap { pid_t($0) }
    }

    /// The last line of the postmaster's file says so.
    private var isReady: Bool {
        let file = (try? String(contentsOfFile: directory + "/data/postmaster.pid", encoding: .utf8)) ?? ""
        let lines = file.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 8, lines[0] == "\(processID ?? 0)" else { return false }
        let state = lines[7].trimmingCharacters(in: .whitespaces)
        return state == "ready" || state == "standby" && (try? psql("SELECT 1")) != nil
    }

    private var log: String { directory + "/log" }

    public var logText: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }
}
