// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import ReentrantTransactions
import WireProtocol

/// `keyspace.transaction {commands[[...]], watch?[{key, expect?}]}` -> MultiResult
struct KeyspaceTransaction: Method {
    static let commandsMax = 10_000
    static let watchMax = 1000

    let name = "keyspace.transaction"
    let isOrdered = true

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        let commands = try params.commands(context)
        let watched = try watched(params)
        do {
            if watched.isEmpty {
                return try await context.services.core.run(commands.map { .command($0) }).result().jsonBytes
            }
            let result = try await context.services.core.watch(watched) { transaction in
                for command in commands { _ = try await transaction.queue(.command(command)) }
            }
            return result.jsonBytes
        } catch {
            throw WireError(error)
        }
    }

    private func watched(_ params: Params) throws(WireError) -> [WatchedKey] {
        var keys: [WatchedKey] = []
        for (index, element) in (try params.array("watch", countMax: Self.watchMax) ?? []).enumerated() {
            guard let key = element["key"]?.string else {
                throw WireError(.invalidParams, "A watched key has a key.", path: "watch[\(index)].key")
            }
            guard let expect = element["expect"] else {
                keys.append(WatchedKey(key))
                continue
            }
            guard expect.isNull || expect.string != nil else {
                throw WireError(.invalidParams, "expect is a string or null.", path: "watch[\(index)].expect")
            }
            keys.append(WatchedKey(key, expecting: expect.string.map { .string(Array($0.utf8)) } ?? .missing))
        }
        return keys
    }
}

extension Params {
    func commands(_ context: RequestContext) throws(WireError) -> [Command] {
        guard let list = try array("commands", countMax: KeyspaceTransaction.commandsMax) else {
            throw WireError(.invalidParams, "commands is missing.", path: "commands")
        }
        var commands: [Command] = []
        for (index, element) in list.enumerated() {
            commands.append(try Command(element, path: "commands[\(index)]", context))
        }
        return commands
    }
}

extension MultiResult {
    /// `{successful, aborted, results[], errors[{index, kind, detail}]}`
    var jsonBytes: [UInt8] {
        json(capacity: 64 + 32 * replies.count) { writer in
            writer.beginObject()
            writer.member("successful", successful)
            writer.member("aborted", aborted)
            writer.name("results")
            writer.beginArray()
            for reply in replies { writer.reply(reply) }
            writer.endArray()
            writer.name("errors")
            writer.beginArray()
            for error in errors {
                writer.beginObject()
                writer.member("index", Int64(error.index))
                writer.member("kind", error.kind.rawValue)
                if let detail = error.detail { writer.member("detail", detail) }
                writer.endObject()
            }
            writer.endArray()
            writer.endObject()
        }
    }
}
