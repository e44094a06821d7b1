// SPDX-License-Identifier: MIT
import Foundation
import Synchronization

/// A redis-server of a test's own: on a Unix socket in a temporary directory, killed when the value goes away.
///
/// Its files stay over ``kill()`` and ``start(_:)``, so that it can be what a crash leaves.
public final class RedisServer: Sendable {
    public struct Failure: Error, CustomStringConvertible {
        public var description: String
    }

    /// When ``start(_:)`` returns.
    public enum Readiness: Sendable {
        /// It executes commands.
        case ready
        /// It answers, perhaps that it is loading.
        case answering
    }

    /// Nil where there is none; tests that need it say so and are skipped.
    public static let program = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"].map { $0 + "/redis-server" }
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    /// How long a server may take to start.
    private static let startSeconds = 20.0

    public let directory: String
    private let arguments: Mutex<[String]>
    private let identifier = Mutex<pid_t?>(nil)

    /// Starts a server that keeps nothing, unless the arguments say otherwise (`--appendonly yes`).
    public convenience init(_ arguments: String..., readiness: Readiness = .ready) throws {
        try self.init(arguments: arguments, readiness: readiness)
    }

    public init(arguments: [String], readiness: Readiness = .ready) throws {
        directory = NSTemporaryDirectory() + "sluice-redis-" + UUID().uuidString.prefix(8)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        self.arguments = Mutex(arguments)
        try start(readiness)
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(atPath: directory)
    }

    public var socketPath: String { directory + "/redis.sock" }

    public var url: String { "redis+unix://" + socketPath }

    /// Replaces the arguments of the next start.
    public func setArguments(_ arguments: String...) { self.arguments.withLock { $0 = arguments } }

    /// Starts it again, on the same socket and files.
    public func start(_ readiness: Readiness = .ready) throws {
        guard let program = Self.program else { throw Failure(description: "There is no redis-server.") }
        let arguments = arguments.withLock { $0 }
        let child = try Self.spawn(
            [
                program, "--port", "0", "--unixsocket", socketPath, "--dir", directory, "--save", "", "--logfile",
                directory + "/log", "--enable-debug-command", "yes", "--daemonize", "no",
            ] + arguments)
        identifier.withLock { $0 = child }
        let deadline = Date().addingTimeInterval(Self.startSeconds)
        while !answers(readiness) {
            guard Date() < deadline, waitpid(child, nil, WNOHANG) == 0 else {
                throw Failure(description: "redis-server did not start: \(log)")
            }
            usleep(2000)
        }
    }

    /// As a crash or the kernel would: it saves nothing.
    public func kill() {
        guard let child = identifier.withLock({ $0.take() }) else { return }
        Glibc.kill(child, SIGKILL)
        while waitpid(child, nil, 0) < 0 && errno == EINTR {}
        unlink(socketPath)
    }

    /// Stops its process without ending it, and lets it go on: a server that hangs.
    public func freeze() { signal(SIGSTOP) }
    public func thaw() { signal(SIGCONT) }

    public var log: String { (try? String(contentsOfFile: directory + "/log", encoding: .utf8)) ?? "" }

    /// Runs one command on a connection of its own. An error is an answer.
    @discardableResult
    public func run(_ command: String...) throws -> RedisAnswer { try RedisClient(path: socketPath).run(command) }

    private func signal(_ number: Int32) {
        if let child = identifier.withLock({ $0 }) { Glibc.kill(child, number) }
    }

    private func answers(_ readiness: Readiness) -> Bool {
        switch try? run("PING") {
        case nil: false
        case .error: readiness == .answering
        case .null, .text, .integer, .array: true
        }
    }

    private static func spawn(_ arguments: [String]) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor in Int32(0)...2 {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        // The threads of a test runner may block signals, and a child inherits that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var mask = sigset_t()
        sigemptyset(&mask)
        posix_spawnattr_setsigmask(&attributes, &mask)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var pointers = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var child: pid_t = 0
        let code = posix_spawn(&child, arguments[0], &actions, &attributes, &pointers, environ)
        guard code == 0 else { throw Failure(description: "redis-server can't be started: errno \(code)") }
        return child
    }
}
