// SPDX-License-Identifier: MIT
import Foundation
internal import Glibc
public import RedisServer

/// A sidecar of a test's own: a temporary directory with its databases and its socket, and the daemon that serves it.
///
/// The daemon can be stopped, killed and started again over the same files. With the value everything goes away.
public final class Sidecar {
    public struct StartError: Error, CustomStringConvertible {
        public var description: String
    }

    /// Longer than anything on a busy machine; only a hang gets there.
    private static let patienceSeconds: TimeInterval = 30

    public let folder: String
    public let settings: [String: String]
    /// What the last daemon said.
    public private(set) var log: DaemonLog?
    /// The server of its keyspace, where that is Redis.
    public let redis: RedisServer?
    private var process: ChildProcess?

    /// Creates the directory and, from `schema`, the main database. Nothing runs yet.
    ///
    /// - Parameter settings: Flags by their key, such as `retry.delay`. Quick ones are set where a test does not care.
    public init(schema: String = "", settings: [String: String] = [:]) throws {
        var template = Array("/tmp/sluice-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else {
            throw StartError(description: "no temporary directory: errno \(errno)")
        }
        folder = String(cString: made)
        let quick = ["processing.interval": "100ms", "lsn.check_interval": "20ms", "retry.delay": "20ms"]
        self.settings = quick.merging(settings) { _, given in given }
        redis = settings["keyspace.url"] == nil ? try KeyspaceUnderTest.current.server() : nil
        if !schema.isEmpty { try main.rows(schema) }
    }

    /// A running one.
    public static func started(schema: String = "", settings: [String: String] = [:]) throws -> Sidecar {
        let sidecar = try Sidecar(schema: schema, settings: settings)
        try sidecar.start()
        return sidecar
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(atPath: folder)
    }

    // MARK: Places

    public var socketPath: String { folder + "/s" }

    public var mainPath: String { folder + "/main.db" }

    public var keyspacePath: String { folder + "/keyspace.db" }

    public var keyspaceURL: String { redis?.url ?? "sqlite:" + keyspacePath }

    public var main: SQLiteProgram { SQLiteProgram(path: mainPath) }

    public func client() throws -> FrameClient { try FrameClient(socketPath) }

    // MARK: The daemon

    /// Starts a daemon and returns when it listens.
    public func start() throws {
        try launch()
        try waitUntilReady()
    }

    /// Starts a daemon and does not wait for anything.
    ///
    /// - Parameter settings: Flags that replace those of this sidecar.
    public func launch(_ settings: [String: String] = [:]) throws {
        precondition(process == nil, "a sidecar has one daemon at a time")
        let process = try spawn(settings)
        log = DaemonLog(process.lines)
        self.process = process
    }

    /// A second daemon over the same files, to its end; for those that must refuse.
    public func refusal(_ settings: [String: String] = [:]) throws -> (end: ChildProcess.End, output: String) {
        let second = try spawn(settings)
        let log = DaemonLog(second.lines)
        // A second daemon that does not refuse must fail the test, not hang it.
        if !log.waitUntilEnd(Self.patienceSeconds) { second.signal(SIGKILL) }
        return (second.wait(), log.tail)
    }

    public func waitUntilReady() throws {
        guard let log, log.waitUntilReady(Self.patienceSeconds) else {
            kill()
            throw StartError(description: "the daemon does not listen:\n\(log?.tail ?? "it was not started")")
        }
    }

    /// SIGKILL, at once; returns when the process is gone.
    public func kill() {
        process?.signal(SIGKILL)
        process?.wait()
        process = nil
    }

    /// SIGTERM; answers how it ended. A daemon that does not end in time is killed.
    @discardableResult
    public func stop() -> ChildProcess.End? {
        requestStop()
        return end()
    }

    /// SIGTERM, without waiting.
    public func requestStop() { process?.signal(SIGTERM) }

    /// Any signal.
    public func signal(_ number: Int32) { process?.signal(number) }

    /// Waits until the daemon ends by itself.
    public func end() -> ChildProcess.End? {
        guard let process, let log else { return nil }
        if !log.waitUntilEnd(Self.patienceSeconds) { process.signal(SIGKILL) }
        self.process = nil
        return process.wait()
    }

    public var isRunning: Bool {
        guard let process else { return false }
        return Glibc.kill(process.identifier, 0) == 0
    }

    private func spawn(_ overrides: [String: String]) throws -> ChildProcess {
        var flags = [
            "site.name": "s", "socket.path": socketPath, "keyspace.url": keyspaceURL,
            "main.url": "sqlite:" + mainPath,
        ]
        flags.merge(settings) { _, given in given }
        flags.merge(overrides) { _, given in given }
        let arguments = flags.sorted { $0.key < $1.key }.flatMap { ["--" + $0.key, $0.value] }
        return try ChildProcess(
            try DaemonBinary.path(), ["serve"] + arguments,
            environment: ["SLUICE_STATE_DIRECTORY": folder, "HOME": folder, "PATH": "/usr/bin:/bin"])
    }
}
