// SPDX-License-Identifier: MIT
import BackgroundProcessing
import EmbeddedKeyspace
import Foundation
import Logging
import SocketServer
import Testing
import TransactionModel

@testable import Daemon

@Suite struct ConfigurationTests {
    private static func file(_ text: String) throws -> String { try file(Array(text.utf8)) }

    private static func file(_ bytes: [UInt8]) throws -> String {
        let path = NSTemporaryDirectory() + "sluice-\(UUID().uuidString).toml"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    private static func message(_ flags: [String: String], _ environment: [String: String] = [:]) -> String? {
        do {
            _ = try DaemonConfiguration(flags: flags, environment: environment)
            return nil
        } catch {
            return error.message
        }
    }

    @Test func `flags win over the environment, that over the file, that over defaults`() throws {
        let path = try Self.file(
            """
            [site]
            name = "from-file"
            [retry]
            attempts = 7
            delay = "250ms"
            [log]
            level = "debug"
            """)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let configuration = try DaemonConfiguration(
            flags: ["config": path, "site.name": "from-flag"],
            environment: ["SLUICE_SITE_NAME": "from-environment", "SLUICE_RETRY_ATTEMPTS": "9"])
        #expect(configuration.site.name == "from-flag")
        #expect(configuration.processor.retry.attemptsMax == 9)
        #expect(configuration.processor.retry.delay == .milliseconds(250))
        #expect(configuration.logLevel == .debug)
        #expect(configuration.mainTimeout == .seconds(30))
        #expect(configuration.texts.first { $0.key == "site.name" }?.text == "from-flag")
    }

    @Test(
        "a wrong setting is named",
        arguments: [
            (["nonsense": "1"], "nonsense"), (["retry.attempts": "many"], "retry.attempts"),
            (["retry.attempts": "0"], "retry.attempts"),
            (["site.type": "third"], "site.type"), (["site.name": "a b"], "site.name"),
            (["main.url": "mysql://x"], "main.url"),
            (["main.url": "sqlite:"], "main.url"), (["socket.mode": "9"], "socket.mode"),
            (["frame.bytes_max": "1"], "frame.bytes_max"),
            (["main.timeout": "soon"], "main.timeout"), (["main.timeout": "-1"], "main.timeout"),
            (["processing.interval": "0"], "processing.interval"), (["lsn.check_interval": "0"], "lsn.check_interval"),
            (["scope.timeout": "0"], "scope.timeout"), (["retry.delay": "-inf"], "retry.delay"),
            (["retry.delay": "-1e300"], "retry.delay"), (["retry.delay": "nan"], "retry.delay"),
            (["log.level": "loud"], "log.level"),
            (["config": "/nowhere/sluice.toml"], "/nowhere/sluice.toml"),
        ])
    func wrong(entry: (flags: [String: String], name: String)) {
        #expect(Self.message(entry.flags)?.contains(entry.name) == true)
    }

    @Test(
        "a wrong file is named",
        arguments: [("[site]\nnam = \"x\"", "site.nam"), ("[site\n", "TOML"), ("[site]\nname = [1]", "site.name")])
    func wrongFile(entry: (text: String, name: String)) throws {
        let path = try Self.file(entry.text)
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(Self.message(["config": path])?.contains(entry.name) == true)
    }

    @Test(
        "a file whose bytes are no text is refused, and why",
        arguments: [
            (Array("[site]\nname = \"a\"\n\0\n[bogus]\n".utf8), "line 3 has a NUL byte"),
            ([0], "line 1 has a NUL byte"),
            (Array("[site]\nname = \"".utf8) + [0xe9, 0x22], "not UTF-8"),
            ([UInt8](repeating: 0x23, count: 2 << 20), "File too large"),
        ])
    func noText(entry: (bytes: [UInt8], reason: String)) throws {
        let path = try Self.file(entry.bytes)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let message = try #require(Self.message(["config": path]))
        #expect(message.contains(entry.reason) && message.contains(path))
        #expect(Self.message(["config": "/nowhere"])?.contains("No such file or directory") == true)
    }

    @Test(
        "durations",
        arguments: [
            ("1", 1000), ("0.5", 500), ("250ms", 250), ("2s", 2000), ("3m", 180_000), ("1h", 3_600_000),
            ("1d", 86_400_000), (" 5 s ", 5000),
        ])
    func durations(entry: (text: String, milliseconds: Int)) throws {
        let configuration = try DaemonConfiguration(flags: ["main.timeout": entry.text], environment: [:])
        #expect(configuration.mainTimeout == .milliseconds(entry.milliseconds))
    }

    @Test("sizes", arguments: [("2048", 2048), ("2KiB", 2048), ("1.5MiB", 1_572_864), ("1 GiB", 1_073_741_824)])
    func sizes(entry: (text: String, bytes: Int)) throws {
        let configuration = try DaemonConfiguration(flags: ["frame.bytes_max": entry.text], environment: [:])
        #expect(configuration.socket.frameBytesMax == entry.bytes)
    }

    @Test(
        "files lie in the state directory unless they say otherwise",
        arguments: [
            ("sqlite:a.db", "/s/a.db"), ("sqlite:/x/a.db", "/x/a.db"), ("sqlite:///x/a.db", "/x/a.db"),
            ("sqlite:sub/a.db", "/s/sub/a.db"),
        ])
    func paths(entry: (url: String, path: String)) throws {
        let configuration = try DaemonConfiguration(
            flags: ["state.directory": "/s", "main.url": entry.url, "replica.urls": "\(entry.url), sqlite:r.db"],
            environment: [:])
        #expect(configuration.main == .sqlite(path: entry.path))
        #expect(configuration.replicas == [.sqlite(path: entry.path), .sqlite(path: "/s/r.db")])
        #expect(configuration.keyspace.description == "/s/keyspace.db" && configuration.socket.path == "/s/sluice.sock")
        #expect(!configuration.processor.releasesAtCommit)
    }

    @Test func `the state directory is the flag's, ours, systemd's, or beside us`() throws {
        let systemd = ["STATE_DIRECTORY": "/var/lib/a:/var/lib/b"]
        #expect(try DaemonConfiguration(flags: [:], environment: [:]).stateDirectory == "./.sluice")
        #expect(try DaemonConfiguration(flags: [:], environment: systemd).stateDirectory == "/var/lib/a")
        let both = systemd.merging(["SLUICE_STATE_DIRECTORY": "/ours"]) { first, _ in first }
        #expect(try DaemonConfiguration(flags: [:], environment: both).stateDirectory == "/ours")
        #expect(
            try DaemonConfiguration(flags: ["state.directory": "/flag"], environment: both).stateDirectory == "/flag")
    }

    @Test(
        "passwords are masked",
        arguments: [
            ("postgres://u:secret@h/db", "postgres://u:***@h/db"), ("redis://:p@ss@h:1", "redis://:***@h:1"),
            ("postgres://u@h/db", "postgres://u@h/db"), ("sqlite:main.db", "sqlite:main.db"), ("a:b@c", "a:b@c"),
        ])
    func masked(entry: (text: String, masked: String)) { #expect(StoreURL.masked(entry.text) == entry.masked) }

    @Test(arguments: ["main.url", "replica.urls"])
    func `the keyspace and a database are never one file`(_ key: String) throws {
        let error = #expect(throws: ConfigurationError.self) {
            try DaemonConfiguration(flags: [key: "sqlite:keyspace.db", "state.directory": "/tmp"], environment: [:])
        }
        #expect(error?.description.contains("same file") == true)
    }

    @Test func `variables of ours that are no setting are told`() throws {
        let environment = [
            "SLUICE_RETRY_ATEMPTS": "5", "SLUICE_RETRY_ATTEMPTS": "7", "SLUICE_MAIN_URL": "sqlite:x.db", "PATH": "/bin",
        ]
        let configuration = try DaemonConfiguration(flags: [:], environment: environment)
        #expect(configuration.unknownVariables == ["SLUICE_RETRY_ATEMPTS"])
        #expect(configuration.processor.retry.attemptsMax == 7)
        #expect(configuration.isMainGiven)
        #expect(try !DaemonConfiguration(flags: [:], environment: [:]).isMainGiven)
    }

    @Test func `every default is valid, and every key is there once`() throws {
        let configuration = try DaemonConfiguration(flags: [:], environment: [:])
        #expect(Set(configuration.texts.map(\.key)).count == Setting.all.count)
        for setting in Setting.all { #expect(Setting.named(setting.key.replacing("_", with: "-"))?.key == setting.key) }
    }

    @Test func `the state directory is made for its owner alone, and its parent must exist`() throws {
        let path = NSTemporaryDirectory() + "state-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try StateDirectory.prepare(path)
        try StateDirectory.prepare(path)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o700)
        #expect(throws: ConfigurationError.self) { try StateDirectory.prepare(path + "/a/b") }
    }
}
