// SPDX-License-Identifier: MIT
import Foundation

/// Runs programs of PostgreSQL, under another user where we are root, which its server refuses to be.
enum Program {
    /// Where the programs are; nil where there are none.
    static let folder = candidates.first { FileManager.default.isExecutableFile(atPath: $0 + "/postgres") }

    private static var candidates: [String] {
        let debian = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: debian)) ?? []
        return versions.sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }.map { "\(debian)/\($0)/bin" }
            + ["/usr/bin", "/usr/local/bin", "/usr/local/pgsql/bin", "/opt/homebrew/bin"]
    }

    /// Whom the server runs as; nil: ourselves.
    private static let user: (name: String, id: uid_t, group: gid_t)? = {
        guard geteuid() == 0 else { return nil }
        for name in ["postgres", "nobody"] {
            if let entry = getpwnam(name) { return (name, entry.pointee.pw_uid, entry.pointee.pw_gid) }
        }
        return nil
    }()

    /// Hands a folder, not what is in it, to the server's user.
    static func give(_ path: String) { if let user { chown(path, user.id, user.group) } }

    /// Starts a program with its output in a file. The answer is its process id: `setpriv` becomes the program.
    static func start(_ name: String, _ arguments: [String], output: String) throws -> pid_t {
        guard let folder else { throw PostgresServer.Failure(description: "There is no PostgreSQL.") }
        var words = ["\(folder)/\(name)"] + arguments
        if let user {
            words = ["/usr/bin/setpriv", "--reuid=\(user.id)", "--regid=\(user.group)", "--clear-groups"] + words
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        // A group of its own, so that an interrupt at the terminal does not reach it. The threads of a test runner may
        // block signals, and a child would inherit that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var mask = sigset_t()
        sigemptyset(&mask)
        posix_spawnattr_setsigmask(&attributes, &mask)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))

        var child: pid_t = 0
        var argv = words.map { strdup($0) } + [nil]
        let environment = ["LC_ALL=C", "PATH=/usr/bin:/bin", "PGUSER=postgres", "PGDATABASE=postgres"]
        var envp = environment.map { strdup($0) } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        let code = posix_spawn(&child, words[0], &actions, &attributes, &argv, &envp)
        guard code == 0 else {
            throw PostgresServer.Failure(description: "\(name) can't be started: \(String(cString: strerror(code)))")
        }
        return child
    }

    /// Runs a program to its end; what it printed is the answer.
    @discardableResult
    static func run(_ name: String, _ arguments: [String], folder: String) throws -> String {
        let output = "\(folder)/\(name)-\(UUID().uuidString.prefix(8)).out"
        defer { unlink(output) }
        // Made here, so that it can be read here whoever the program runs as.
        _ = FileManager.default.createFile(atPath: output, contents: nil, attributes: [.posixPermissions: 0o666])
        let child = try start(name, arguments, output: output)
        let status = wait(child)
        let text = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
        guard status == 0 else { throw PostgresServer.Failure(description: "\(name) failed: \(text)") }
        return text
    }

    @discardableResult
    static func wait(_ child: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 && errno == EINTR {}
        return status
    }
}
