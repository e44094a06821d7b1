// SPDX-License-Identifier: MIT
import ArgumentParser
import Daemon
import EmbeddedKeyspace
import Glibc
import Logging
import SocketServer
import TransactionModel

/// `sluice serve`: the daemon itself.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the sidecar until SIGTERM, SIGINT or SIGHUP.",
        discussion: """
            Settings come from flags, then SLUICE_* in the environment (dots become underscores: SLUICE_MAIN_URL), then the
            configuration file, then defaults. Every setting is a flag by its name: --retry-attempts 5.

            Each of these signals finishes the batch at hand and ends with code 0; SIGHUP is ignored where nohup is. The
            configuration is read at the start only.

            \(Self.settingsTable)
            """)

    @Option(help: "Configuration file (TOML).")
    var config: String?

    @Option(help: "Name of the site (site.name).")
    var site: String?

    @Option(help: "Path of the socket (socket.path).")
    var socket: String?

    @Option(help: "Where acknowledged transactions live (keyspace.url), such as sqlite:keyspace.db.")
    var keyspace: String?

    @Option(help: "Where transactions are applied (main.url), such as sqlite:main.db.")
    var main: String?

    @Option(help: "A replica of the main database (replica.urls); may be repeated.")
    var replica: [String] = []

    @Argument(parsing: .allUnrecognized, help: .hidden)
    var settings: [String] = []

    func run() async throws {
        let configuration = try loaded()
        LoggingSystem.bootstrap { label in
            if configuration.logsJSON { return JSONLogHandler(label: label) }
            return StreamLogHandler.standardError(label: label)
        }
        var logger = Logger(label: "sluice")
        logger.logLevel = configuration.logLevel
        logger.info(
            "starting",
            metadata: [
                "version": "\(Daemon.version)", "site": "\(configuration.site.name)",
                "socket": "\(configuration.socket.path)", "keyspace": "\(configuration.keyspace.description)",
                "main": "\(configuration.main.description)",
            ])
        if !configuration.unknownVariables.isEmpty {
            logger.warning(
                "variables that are no setting; `sluice serve --help` lists the settings",
                metadata: ["variables": "\(configuration.unknownVariables.joined(separator: " "))"])
        }
        do {
            try await Daemon(configuration, logger: logger).run { [logger] in logger.info("ready") }
        } catch {
            logger.critical("stopped", metadata: ["reason": "\(error)"])
            throw ExitCode.failure
        }
        logger.info("stopped")
    }

    /// The configuration of these flags. A fault ends the program with code 2 and a line that says what to try.
    func loaded() throws -> DaemonConfiguration {
        do throws(ConfigurationError) {
            return try DaemonConfiguration(flags: try flags(), environment: Self.environment)
        } catch {
            Self.complain("sluice: \(error)\ntry: sluice serve --help\n")
            throw ExitCode(2)
        }
    }

    private func flags() throws(ConfigurationError) -> [String: String] {
        var flags = try Self.pairs(settings)
        flags["config"] = config
        flags["site.name"] = site ?? flags["site.name"]
        flags["socket.path"] = socket ?? flags["socket.path"]
        flags["keyspace.url"] = keyspace ?? flags["keyspace.url"]
        flags["main.url"] = main ?? flags["main.url"]
        if !replica.isEmpty { flags["replica.urls"] = replica.joined(separator: ",") }
        return flags
    }

    /// `--name value` and `--name=value`.
    private static func pairs(_ words: [String]) throws(ConfigurationError) -> [String: String] {
        var pairs: [String: String] = [:]
        var rest = words[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("--") else { throw ConfigurationError("\(word) is no flag") }
            let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1)
            guard let name = parts.first else { throw ConfigurationError("-- is no flag") }
            if parts.count == 2 {
                pairs[String(name)] = String(parts[1])
            } else if let value = rest.popFirst() {
                pairs[String(name)] = value
            } else {
                throw ConfigurationError("--\(name) needs a value")
            }
        }
        return pairs
    }

    static var environment: [String: String] {
        var result: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { result[String(parts[0])] = String(parts[1]) }
            entry += 1
        }
        return result
    }

    static func complain(_ text: String) {
        let bytes = Array(text.utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }

    private static var settingsTable: String {
        Setting.all.map { setting in
            let name = setting.key + String(repeating: " ", count: max(1, 26 - setting.key.count))
            let fallback = setting.defaultText.isEmpty ? "" : " [\(setting.defaultText)]"
            return name + setting.meaning + fallback
        }.joined(separator: "\n")
    }
}
