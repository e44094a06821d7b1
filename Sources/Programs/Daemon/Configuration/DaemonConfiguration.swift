// SPDX-License-Identifier: MIT
public import BackgroundProcessing
import EmbeddedKeyspace
import Keyspace
public import Logging
import RedisKeyspace
public import ReentrantTransactions
public import ReplicationTracking
public import SocketServer
public import TransactionModel

/// Everything the daemon was told, checked.
public struct DaemonConfiguration: Sendable {
    public var site: SiteConfiguration
    public var stateDirectory: String
    public var keyspace: KeyspaceChoice
    public var main: DatabaseChoice
    /// Somebody chose it: then a file that is missing is not here yet, or its name is mistyped.
    public var isMainGiven: Bool
    public var replicas: [DatabaseChoice]
    public var mainTimeout: Duration
    public var socket: SocketServerConfiguration
    /// How many requests in flight may be ones that wait for others.
    public var waitingMax: Int { max(1, socket.inFlightMax / 2) }
    public var processor: ProcessorConfiguration
    public var tracker: TrackerConfiguration
    public var transactionMode: FallbackMode
    public var scopeTimeout: Duration
    public var logLevel: Logger.Level
    public var logsJSON: Bool
    /// Every setting as it is in force: key -> text.
    public var texts: [(key: String, text: String)]
    /// `SLUICE_*` variables that are no setting, as they are written.
    public var unknownVariables: [String]

    /// Loads the configuration. Nothing is created or opened, except that the file is read.
    ///
    /// - Parameters:
    ///   - flags: setting name -> text, from the command line; `config` names the file.
    ///   - environment: the process's.
    public init(flags: [String: String], environment: [String: String]) throws(ConfigurationError) {
        var flags = flags
        let file = try flags.removeValue(forKey: "config").map { (path) throws(ConfigurationError) in
            try ConfigurationFile.read(path)
        }
        var settings: [String: String] = [:]
        for (name, text) in flags {
            guard let setting = Setting.named(name) else {
                throw ConfigurationError("--\(name) is no setting; `sluice serve --help` lists them")
            }
            settings[setting.key] = text
        }
        let reader = SettingsReader(flags: settings, environment: environment, file: file ?? [:])
        let directory = Self.stateDirectory(try reader.text("state.directory"), environment)
        stateDirectory = directory

        let name = try reader.text("site.name")
        guard
            let site = SiteConfiguration(name: name, kind: .init(rawValue: try reader.text("site.type")) ?? .secondary)
        else {
            throw ConfigurationError("site.name must be 1 to \(SiteConfiguration.nameBytesMax) bytes of [A-Za-z0-9._-]")
        }
        self.site = site

        var siteSettings = SiteSettings(site: site.name)
        siteSettings.statusTimeToLive = try reader.duration("status.ttl")
        siteSettings.transactionsMax = try reader.integer("buffer.transactions_max")
        siteSettings.bytesMax = try reader.bytes("buffer.bytes_max")
        siteSettings.hashTag = try reader.flag("keyspace.hash_tag")
        switch try KeyspaceChoice(try reader.text("keyspace.url"), site: siteSettings, in: directory) {
        case .embedded(var settings):
            settings.rememberedFor = try reader.duration("ledger.retention")
            keyspace = .embedded(settings)
        case .redis(var settings):
            settings.allowsEviction = try reader.flag("keyspace.allow_eviction")
            keyspace = .redis(settings)
        }
        main = try DatabaseChoice(try reader.text("main.url"), setting: "main.url", in: directory)
        isMainGiven = reader.isGiven("main.url")
        replicas = []
        for url in try reader.list("replica.urls") {
            replicas.append(try DatabaseChoice(url, setting: "replica.urls", in: directory))
        }
        if case .embedded(let settings) = keyspace, ([main] + replicas).contains(.sqlite(path: settings.path)) {
            throw ConfigurationError(
                "keyspace.url names the same file as main.url or replica.urls; it needs one of its own")
        }
        mainTimeout = try reader.duration("main.timeout")

        let socketPath = try reader.text("socket.path")
        socket = SocketServerConfiguration(path: socketPath.isEmpty ? directory + "/sluice.sock" : socketPath)
        guard let mode = UInt32(try reader.text("socket.mode"), radix: 8), mode <= 0o777 else {
            throw ConfigurationError("socket.mode must be octal permissions, such as 0600 or 0660")
        }
        socket.mode = mode
        socket.frameBytesMax = try reader.bytes("frame.bytes_max")
        // The longest reply, and one behind it.
        socket.outboundBytesMax = max(socket.outboundBytesMax, 2 * socket.frameBytesMax)
        socket.connectionsMax = try reader.integer("connections_max")
        socket.inFlightMax = try reader.integer("in_flight_max")

        processor = ProcessorConfiguration()
        processor.interval = try reader.duration("processing.interval")
        processor.lanes = try reader.integer("processing.lanes")
        processor.retry.attemptsMax = try reader.integer("retry.attempts")
        processor.retry.delay = try reader.duration("retry.delay")
        processor.deadLetterPolicy = DeadLetterPolicy(rawValue: try reader.text("dead_letter.policy")) ?? .hold
        processor.ledgerRetention = try reader.duration("ledger.retention")
        processor.releasesAtCommit = replicas.isEmpty
        tracker = TrackerConfiguration()
        tracker.checkInterval = try reader.duration("lsn.check_interval")
        tracker.timeout = try reader.duration("lsn.timeout")
        transactionMode = FallbackMode(rawValue: try reader.text("transaction_mode")) ?? .strict
        scopeTimeout = try reader.duration("scope.timeout")
        logLevel = Logger.Level(rawValue: try reader.text("log.level")) ?? .info
        logsJSON = try reader.text("log.format") == "json"

        texts = []
        for setting in Setting.all { texts.append((setting.key, try reader.text(setting.key))) }
        let variables = Set(Setting.all.map(\.variable))
        unknownVariables = environment.keys.filter { $0.hasPrefix("SLUICE_") && !variables.contains($0) }.sorted()
    }

    /// Whether a main database that is not there may be made: at the first start, and only the one that nobody named. Later,
    /// or by another name, it is away, and a new, empty one in its place would fail everything.
    ///
    /// - Parameter hasSeenSchema: The keyspace remembers a schema, so there was a database.
    func mayCreateMain(hasSeenSchema: Bool) -> Bool { !isMainGiven && !hasSeenSchema }

    private static func stateDirectory(_ given: String, _ environment: [String: String]) -> String {
        if !given.isEmpty { return given }
        // systemd gives a list separated by colons where a unit has several.
        let fromSystemd = environment["STATE_DIRECTORY"]?.split(separator: ":").first.map(String.init)
        return fromSystemd ?? "./.sluice"
    }
}
