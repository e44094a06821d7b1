// SPDX-License-Identifier: MIT

/// The commands that both adapters know. No blocking, connection-state, pub/sub, script or admin commands.
public enum CommandTable {
    /// By name in upper case.
    public static let specifications: [String: CommandSpecification] = Dictionary(
        uniqueKeysWithValues: (CommandSpecification.strings + CommandSpecification.keyspace
            + CommandSpecification.hashes + CommandSpecification.lists + CommandSpecification.sets
            + CommandSpecification.sortedSets + CommandSpecification.server).map { ($0.name, $0) })

    /// What is known of a command; nil when this keyspace has none of that name.
    public static func specification(of command: Command) -> CommandSpecification? {
        guard let name = command.arguments.first, let specification = specifications[command.name] else { return nil }
        // Swift finds a text under another normalisation too: "K" is also U+212A, three bytes long.
        return specification.name.utf8.count == name.count ? specification : nil
    }

    /// Why the command is refused before it reaches a store: an unknown name (``CommandError/isUnsupported``) or a
    /// wrong number of arguments. Inside MULTI such a refusal makes EXEC refuse everything.
    public static func check(_ command: Command) -> CommandError? {
        guard let specification = specification(of: command) else { return .unsupported }
        return specification.takes(command.arguments.count) ? nil : .wrongArity(of: specification.name)
    }
}

extension CommandError {
    /// The command is none of ``CommandTable``; the wire answers `unsupported_command`.
    public static let unsupported = CommandError(
        "UNSUPPORTED", "unknown command, or one that this keyspace does not offer")

    public var isUnsupported: Bool { prefix == Self.unsupported.prefix }

    /// In the words of Redis, the name in lower case.
    public static func wrongArity(of name: String) -> CommandError {
        CommandError("ERR", "wrong number of arguments for '\(name.lowercased())' command")
    }
}
