// SPDX-License-Identifier: MIT
import Keyspace

/// An error of the server, told apart by its prefix.
struct ServerError: Sendable, Equatable {
    /// What is wrong with the server or the connection, not with the command.
    enum Condition: Sendable, Equatable {
        case loading
        /// A script runs too long.
        case busy
        case readOnly
        /// `maxmemory` is reached.
        case full
        /// The last save failed, and the server refuses writes.
        case cannotPersist
        /// Fewer replicas than the server wants for writes.
        case noReplicas
        case noScript
        case noPermission
        case passwordNeeded
        case wrongPassword
        /// The key belongs to another node of a cluster.
        case misdirected
        /// EXEC refused the block.
        case aborted
    }

    let prefix: String
    let message: String

    init(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        let words = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        prefix = words.first.map(String.init) ?? ""
        message = words.count == 2 ? String(words[1]) : ""
    }

    var commandError: CommandError { CommandError(prefix, message) }

    var condition: Condition? {
        switch prefix {
        case "LOADING", "MASTERDOWN", "TRYAGAIN", "CLUSTERDOWN": .loading
        case "BUSY": .busy
        case "READONLY": .readOnly
        case "OOM": .full
        case "MISCONF": .cannotPersist
        case "NOREPLICAS": .noReplicas
        case "NOSCRIPT": .noScript
        case "NOPERM": .noPermission
        case "NOAUTH": .passwordNeeded
        case "WRONGPASS": .wrongPassword
        case "MOVED", "ASK": .misdirected
        case "EXECABORT": .aborted
        default: nil
        }
    }

    /// How the port says it, when nothing was done because of it. Nil: the error is the command's own.
    var keyspaceError: KeyspaceError? {
        switch condition {
        case .loading: KeyspaceError(.unavailable, "Redis is loading its data, or has no master; try again.")
        case .busy: KeyspaceError(.busy, "Redis is busy running somebody's script; SCRIPT KILL ends one that hangs.")
        case .readOnly:
            KeyspaceError(.unavailable, "The Redis server is a replica now; a new connection looks for the master.")
        case .cannotPersist:
            KeyspaceError(.unavailable, "Redis can't save its data and refuses writes; look at its disk and its log.")
        case .noReplicas: KeyspaceError(.unavailable, "Redis has fewer replicas than it wants for writes.")
        case .passwordNeeded, .wrongPassword:
            KeyspaceError(.unavailable, "Redis does not accept the user or the password any more; see keyspace.url.")
        case .misdirected:
            KeyspaceError(
                .incompatible,
                "The keys lie on another node of the cluster: those with the site's hash tag lie where keyspace.url shall lead."
            )
        case .full, .noScript, .noPermission, .aborted, nil: nil
        }
    }

    /// As ``keyspaceError``, for a procedure: it consists of writes, and every other error is none of its answers.
    var procedureError: KeyspaceError {
        if let error = keyspaceError { return error }
        return switch condition {
        case .full: KeyspaceError(.full, "Redis has reached its maxmemory; what drains it still works.")
        case .noPermission:
            KeyspaceError(
                .incompatible, "The Redis user may not run the procedures or touch their keys; see sluice check.")
        default: KeyspaceError(.incompatible, "Redis failed to run a procedure (\(prefix)); see its log.")
        }
    }
}
