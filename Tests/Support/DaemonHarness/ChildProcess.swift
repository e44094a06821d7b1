// SPDX-License-Identifier: MIT
internal import Foundation
public import Glibc

/// A program started by a test: its input is a pipe of ours, its output and errors come as lines of one pipe.
///
/// Killed at the latest when the value goes away. One thread at a time may use it, except for ``signal(_:)``.
public final class ChildProcess {
    /// How a process ended.
    public enum End: Equatable, Sendable {
        case code(Int32)
        case signal(Int32)
    }

    public struct SpawnError: Error, CustomStringConvertible {
        public var description: String
    }

    public let identifier: pid_t
    public let lines: LineReader
    private let input: Int32
    private var end: End?
    private static let births = NSLock()

    public init(_ executable: String, _ arguments: [String], environment: [String: String] = [:]) throws {
        // A child that is born between a pipe and its close-on-exec flag would keep the pipe open.
        Self.births.lock()
        defer { Self.births.unlock() }
        let (inputRead, inputWrite) = try Self.pipe()
        let (outputRead, outputWrite) = try Self.pipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, inputRead, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, outputWrite, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, outputWrite, STDERR_FILENO)

        // The threads of a test runner may block signals, and a child inherits that: SIGTERM would be lost on it.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var mask = sigset_t()
        sigemptyset(&mask)
        posix_spawnattr_setsigmask(&attributes, &mask)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

        var child: pid_t = 0
        let variables = environment.map { "\($0.key)=\($0.value)" }
        let code = Self.withCStrings([executable] + arguments) { argv in
            Self.withCStrings(variables) { envp in
                posix_spawn(&child, executable, &actions, &attributes, argv, envp)
            }
        }
        close(inputRead)
        close(outputWrite)
        guard code == 0 else {
            close(inputWrite)
            close(outputRead)
            throw SpawnError(description: "\(executable) can't be started: \(String(cString: strerror(code)))")
        }
        identifier = child
        input = inputWrite
        lines = LineReader(descriptor: outputRead)
    }

    deinit {
        close(input)
        if end == nil {
            signal(SIGKILL)
            wait()
        }
    }

    public func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(input, bytes, bytes.count)
    }

    public func signal(_ number: Int32) { kill(identifier, number) }

    /// Blocks until the process has ended.
    @discardableResult
    public func wait() -> End {
        if let end { return end }
        var status: Int32 = 0
        while waitpid(identifier, &status, 0) < 0 && errno == EINTR {}
        // The low 7 bits name the signal; 0: it exited by itself.
        let number = status & 0x7f
        let found = number == 0 ? End.code((status >> 8) & 0xff) : End.signal(number)
        end = found
        return found
    }

    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        guard Glibc.pipe(&ends) == 0 else { throw SpawnError(description: "no pipe: errno \(errno)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private static func withCStrings<R>(
        _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> R
    ) -> R {
        var pointers = strings.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("an array with an element has an address") }
            return body(base)
        }
    }
}
