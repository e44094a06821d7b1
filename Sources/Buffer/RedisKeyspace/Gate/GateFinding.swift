// SPDX-License-Identifier: MIT
import Keyspace

/// One thing about a Redis server that matters for what is acknowledged here.
public struct GateFinding: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Level: String, Sendable {
        case ok, warning
        /// The gate stays shut.
        case problem
    }

    public enum Code: String, Sendable, CaseIterable {
        /// All is well; the text says with what.
        case server
        case unreachable
        /// It answers, and what it answers is no Redis protocol, or it sent the connection away.
        case refused
        case wrongPassword = "wrong_password"
        case passwordNeeded = "password_needed"
        case noPermission = "no_permission"
        case noSuchDatabase = "no_such_database"
        case version
        case replica
        case loading
        case busy
        case eviction
        case cluster
        case scripts
        /// Configuration the user may not read.
        case configurationHidden = "configuration_hidden"
        case notPersistent = "not_persistent"
        case notSynced = "not_synced"
        /// Writes are refused because the last one could not be saved.
        case saveFailed = "save_failed"
    }

    public var level: Level
    public var code: Code
    /// What was found; one sentence without values and keys.
    public var text: String
    /// What to do, in one line; nil where all is well.
    public var advice: String?

    init(_ level: Level, _ code: Code, _ text: String, advice: String? = nil) {
        self.level = level
        self.code = code
        self.text = text
        self.advice = advice
    }

    public var description: String {
        guard let advice else { return text }
        return "\(text) (\(advice))"
    }

    /// Whether it may go away without anybody changing a configuration.
    var isTransient: Bool {
        switch code {
        case .unreachable, .refused, .replica, .loading, .busy, .saveFailed: true
        case .server, .wrongPassword, .passwordNeeded, .noPermission, .noSuchDatabase, .version, .eviction, .cluster,
            .scripts, .configurationHidden, .notPersistent, .notSynced:
            false
        }
    }

    var keyspaceError: KeyspaceError { KeyspaceError(isTransient ? .unavailable : .incompatible, description) }
}
