// SPDX-License-Identifier: MIT
import Keyspace

/// One of the two keyspaces, with connections of its own beside the shared one.
struct Side: Sendable {
    let keyspace: any Keyspace
    private var connections: [any KeyspaceConnection] = []

    /// More pages than any iteration has.
    private static let pagesMax = 1000
    /// Longer than any span of ``CommandTemplates/perishing``.
    private static let perishingTime: Duration = .milliseconds(7)

    struct Endless: Error { var command: Command }

    init(_ keyspace: any Keyspace, connections count: Int) async throws {
        self.keyspace = keyspace
        for _ in 0..<count { connections.append(try await keyspace.connect()) }
    }

    func run(_ step: Step) async throws -> Outcome {
        switch step {
        case .perform(let commands, nil): return .replies(try await keyspace.perform(commands))
        case .perform(let commands, let number?):
            return .replies(try await connections[number].perform(commands.map(Operation.command)))
        case .execute(let commands, nil):
            return .execution(try await keyspace.execute(commands.map(Operation.command)))
        case .execute(let commands, let number?):
            return .execution(try await connections[number].execute(commands.map(Operation.command)))
        case .watch(let keys, let number): try await connections[number].watch(keys)
        case .unwatch(let number): try await connections[number].unwatch()
        case .reconnect: preconditionFailure("A new connection changes the side.")
        case .chance(let command, let context): return .replies(try await keyspace.perform([context, command]))
        case .iterate(let command): return .replies([try await iterate(command)])
        case .perish(let commands):
            let replies = try await keyspace.perform(commands)
            // The only thing that ends a span is time.
            try await Task.sleep(for: Self.perishingTime)
            return .replies(replies)
        }
        return .done
    }

    mutating func reconnect(_ number: Int) async throws {
        await connections[number].close()
        connections[number] = try await keyspace.connect()
    }

    func close() async {
        for connection in connections { await connection.close() }
    }

    /// Everything that the pages hold, as one array, or the error of the first page.
    private func iterate(_ command: Command) async throws -> Reply {
        var command = command
        var found: [Reply] = []
        let cursor = command.name == "SCAN" ? 1 : 2
        for _ in 0..<Self.pagesMax {
            let reply = try await keyspace.perform([command]).first ?? .null
            guard case .array(let page) = reply, page.count == 2, case .bulk(let next) = page[0],
                case .array(let items) = page[1]
            else { return reply }
            found += items
            if next == Array("0".utf8) { return .array(found) }
            command.arguments[cursor] = next
        }
        throw Endless(command: command)
    }
}

extension Keyspace {
    func perform(_ commands: [Command]) async throws(KeyspaceError) -> [Reply] {
        try await perform(commands.map(Operation.command))
    }
}
