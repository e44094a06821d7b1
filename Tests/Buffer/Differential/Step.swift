// SPDX-License-Identifier: MIT
import Keyspace

/// What is done with both keyspaces before their answers are compared. `on` is the number of a connection; nil: shared.
enum Step: Sendable {
    /// Sent together.
    case perform([Command], on: Int? = nil)
    /// MULTI, the commands, EXEC.
    case execute([Command], on: Int? = nil)
    case watch([[UInt8]], on: Int)
    case unwatch(on: Int)
    /// Closes the connection, and with it its watches, for a new one.
    case reconnect(on: Int)
    /// A command whose answer is up to chance, behind one that tells what it may be.
    case chance(Command, among: Command)
    /// One of the SCAN family, from cursor 0 until it is back at 0.
    case iterate(Command)
    /// Sets spans of a few milliseconds, and waits until they are over.
    case perish([Command])

    /// In the order of the answers.
    var commands: [Command] {
        switch self {
        case .perform(let commands, _), .execute(let commands, _), .perish(let commands): commands
        case .chance(let command, let context): [context, command]
        case .iterate(let command): [command]
        case .watch, .unwatch, .reconnect: []
        }
    }

    /// Whether its time is spent with anything but the commands.
    var waits: Bool {
        switch self {
        case .perish, .iterate, .reconnect: true
        case .perform, .execute, .watch, .unwatch, .chance: false
        }
    }

    var title: String {
        switch self {
        case .perform(_, let connection): "perform" + Self.place(connection)
        case .execute(_, let connection): "MULTI..EXEC" + Self.place(connection)
        case .watch(let keys, let connection):
            "WATCH " + keys.map(\.readable).joined(separator: " ") + Self.place(connection)
        case .unwatch(let connection): "UNWATCH" + Self.place(connection)
        case .reconnect(let connection): "reconnect" + Self.place(connection)
        case .chance: "by chance"
        case .iterate: "to the end"
        case .perish: "and wait until it has expired"
        }
    }

    private static func place(_ connection: Int?) -> String { connection.map { " on connection \($0)" } ?? "" }
}

/// What a keyspace answered to a ``Step``.
enum Outcome: Sendable {
    case replies([Reply])
    case execution(Execution)
    case done

    /// In the order of the step's commands; none when they did not run.
    var replies: [Reply] {
        switch self {
        case .replies(let replies), .execution(.executed(let replies)): replies
        case .execution(.aborted), .execution(.refused), .done: []
        }
    }
}
