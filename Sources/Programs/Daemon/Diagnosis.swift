// SPDX-License-Identifier: MIT
import EmbeddedKeyspace
import Glibc
import Keyspace
import MainDatabase
import RedisKeyspace
import SocketServer
import TransactionModel

/// Looks at everything a start needs, without starting or creating anything.
public struct Diagnosis: Sendable {
    /// One thing that was looked at.
    public struct Finding: Sendable {
        public enum Level: String, Sendable {
            case ok, warning, problem
        }

        public var level: Level
        public var subject: String
        /// What was found.
        public var text: String
        /// What to do; nil where all is well.
        public var advice: String?
    }

    static let freeBytesMin = 64 << 20
    static let freeBytesLow = 1 << 30

    private let configuration: DaemonConfiguration

    public init(_ configuration: DaemonConfiguration) { self.configuration = configuration }

    public func findings() async -> [Finding] {
        var findings = [stateDirectory(), space(), socket()]
        switch configuration.keyspace {
        case .embedded(let settings): findings.append(keyspace(settings.path))
        case .redis(let settings): findings += await keyspace(settings)
        }
        findings += await database(configuration.main, "main database")
        for replica in configuration.replicas { findings += await database(replica, "replica") }
        return findings
    }

    private func stateDirectory() -> Finding {
        let path = configuration.stateDirectory
        var status = stat()
        guard stat(path, &status) == 0 else {
            let reason = errno == ENOENT ? StateDirectory.obstacle(to: path) : String(cString: strerror(errno))
            guard let reason else {
                return Finding(
                    level: .warning, subject: "state directory", text: "\(path) does not exist yet",
                    advice: "sluice serve creates it")
            }
            return Finding(
                level: .problem, subject: "state directory", text: "\(path) can't be created: \(reason)",
                advice: "create it, owned by the daemon's user, or set state.directory")
        }
        guard status.st_mode & S_IFMT == S_IFDIR, access(path, W_OK | X_OK) == 0 else {
            return Finding(
                level: .problem, subject: "state directory", text: "\(path) can't be written to",
                advice: "give the daemon's user write permission, or set state.directory")
        }
        if status.st_mode & 0o002 != 0 {
            return Finding(
                level: .problem, subject: "state directory", text: "\(path) may be written to by everyone",
                advice: "chmod o-w \(path)")
        }
        return Finding(level: .ok, subject: "state directory", text: path)
    }

    private func space() -> Finding {
        var status = statvfs()
        let directory = configuration.stateDirectory
        let path = access(directory, F_OK) == 0 ? directory : StateDirectory.parent(of: directory)
        guard statvfs(path, &status) == 0 else {
            return Finding(
                level: .warning, subject: "disk", text: "its free space is not known", advice: "check the path")
        }
        let free = Int(status.f_bavail) * Int(status.f_frsize)
        let text = "\(free >> 20) MiB free"
        if free < Self.freeBytesMin {
            return Finding(
                level: .problem, subject: "disk", text: text, advice: "make room: acknowledged writes live here")
        }
        if free < Self.freeBytesLow {
            return Finding(
                level: .warning, subject: "disk", text: text, advice: "an outage of the main database needs room here")
        }
        return Finding(level: .ok, subject: "disk", text: text)
    }

    private func socket() -> Finding {
        let path = configuration.socket.path
        guard path.utf8.count <= SocketServerConfiguration.pathBytesMax else {
            return Finding(
                level: .problem, subject: "socket", text: "\(path) has \(path.utf8.count) bytes",
                advice: "set socket.path to at most \(SocketServerConfiguration.pathBytesMax) bytes")
        }
        let folder = StateDirectory.parent(of: path)
        if access(folder, W_OK | X_OK) != 0, folder != configuration.stateDirectory {
            return Finding(
                level: .problem, subject: "socket", text: "\(folder) does not exist or can't be written to",
                advice: "create it, or set socket.path")
        }
        if configuration.socket.mode & 0o007 != 0 {
            let mode = String(configuration.socket.mode, radix: 8)
            return Finding(
                level: .warning, subject: "socket", text: "\(path), open to every user of this machine (0\(mode))",
                advice: "they may read and write everything: set socket.mode to 0600, or to 0660 for a group")
        }
        return Finding(level: .ok, subject: "socket", text: path)
    }

    private func keyspace(_ settings: RedisSettings) async -> [Finding] {
        await RedisGate.inspect(settings).map { finding in
            let level: Finding.Level =
                switch finding.level {
                case .ok: .ok
                case .warning: .warning
                case .problem: .problem
                }
            return Finding(level: level, subject: "keyspace", text: finding.text, advice: finding.advice)
        }
    }

    private func keyspace(_ path: String) -> Finding {
        guard access(path, F_OK) == 0 else {
            return Finding(level: .ok, subject: "keyspace", text: "\(path) will be created")
        }
        guard access(path, R_OK | W_OK) == 0 else {
            return Finding(
                level: .problem, subject: "keyspace", text: "\(path) can't be read and written",
                advice: "give it to the daemon's user: it may hold writes that exist nowhere else")
        }
        let lock = open(path + ".lock", O_RDWR | O_CLOEXEC)
        defer { if lock >= 0 { close(lock) } }
        if lock >= 0, flock(lock, LOCK_EX | LOCK_NB) != 0 {
            return Finding(level: .ok, subject: "keyspace", text: "\(path), held by a running daemon")
        }
        if let fault = KeyspaceFile.fault(at: path) {
            return Finding(
                level: .problem, subject: "keyspace", text: "\(path) is \(fault)",
                advice: "mend keyspace.url, or move the file away if nothing acknowledged is in it")
        }
        return Finding(level: .ok, subject: "keyspace", text: path)
    }

    private func database(_ choice: DatabaseChoice, _ subject: String) async -> [Finding] {
        let name = choice.description
        if case .sqlite(let path) = choice, subject != "replica", access(path, F_OK) != 0, errno == ENOENT,
            configuration.mayCreateMain(hasSeenSchema: await hasSeenSchema)
        {
            return [
                Finding(
                    level: .ok, subject: subject, text: "\(name) will be created",
                    advice: "create your schema in it: models are its tables")
            ]
        }
        let schema: Schema
        let rights: [MissingRight]
        do {
            let reader = try Databases(timeout: .seconds(2), now: { WallClock.now }).reader(choice)
            do {
                schema = try await reader.introspect()
                rights = try await reader.missingRights()
                await reader.close()
            } catch {
                await reader.close()
                throw error
            }
        } catch {
            let reason = (error as? DatabaseError).map { "\($0.message) (\($0.code))" } ?? "\(error)"
            return [
                Finding(
                    level: subject == "replica" ? .warning : .problem, subject: subject, text: "\(name): \(reason)",
                    advice: "writes are accepted meanwhile; check the address, its permissions and who locks it")
            ]
        }
        var findings = [Finding(level: .ok, subject: subject, text: "\(name), \(schema.tables.count) tables")]
        if schema.tables.isEmpty {
            findings[0] = Finding(
                level: .warning, subject: subject, text: "\(name) has no tables",
                advice: "create your schema in it: models are its tables")
        }
        if case .sqlite(let path) = choice, subject != "replica", access(path, W_OK) != 0 {
            findings.append(
                Finding(
                    level: .problem, subject: subject, text: "\(path) can't be written to",
                    advice: "give the daemon's user write permission on the file and its directory"))
        }
        findings += Self.findings(on: rights, subject, readsOnly: subject == "replica")
        for table in schema.tables where table.primaryKey.isEmpty {
            findings.append(
                Finding(
                    level: .warning, subject: subject, text: "table \(table.name) has no primary key",
                    advice: "it can't be a model until it has one"))
        }
        return findings
    }

    /// Whether the keyspace remembers a schema. One that does not tell, because a daemon has it or it is away, does: there
    /// was a database then, most likely.
    private var hasSeenSchema: Bool {
        get async {
            let key = configuration.keyspace.site.keys.schema
            switch configuration.keyspace {
            case .embedded(let settings):
                guard access(settings.path, F_OK) == 0 else { return false }
                return KeyspaceFile.holds(key, at: settings.path) ?? true
            case .redis(let settings): return await RedisGate.holds(key, settings) ?? true
            }
        }
    }

    /// One finding per right. Of a replica nothing but reading is asked.
    private static func findings(
        on rights: [MissingRight], _ subject: String, readsOnly: Bool
    ) -> [Finding] {
        let wanted = rights.filter { !readsOnly || ["SELECT", "USAGE"].contains($0.right) }
        return Dictionary(grouping: wanted, by: \.right).sorted { $0.key < $1.key }.map { right, missing in
            let objects = missing.map(\.object).prefix(objectsShown).joined(separator: ", ")
            let more = missing.count > objectsShown ? " and \(missing.count - objectsShown) more" : ""
            let isVital = missing.contains(where: \.isVital)
            return Finding(
                level: isVital ? .problem : .warning, subject: subject,
                text: "its role has no right to \(right) on \(objects)\(more)",
                advice: isVital
                    ? "grant it: without its own tables Sluice applies nothing"
                    : "GRANT \(right) ON \(objects) TO the role, if transactions or reads shall touch \(missing.count == 1 ? "it" : "them")"
            )
        }
    }

    private static let objectsShown = 5
}
