// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import ReentrantTransactions
import WireProtocol

/// `keyspace.transaction {commands[[...]], watch?[{key, expect?}]}` -> MultiResult; inside `keyspace.begin` `{futures[]}`
struct KeyspaceTransaction: Method {
    static let commandsMax = 10_000

    let name = "keyspace.transaction"
    let isOrdered = true

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        let commands = try params.commands(context)
        let watched = try params.watchedKeys()
        if watched.isEmpty { await context.keepOrder() } else { await context.runAlone() }
        do {
            switch try await context.session.scope.transact(commands, watching: watched) {
            case .completed(let result): return try context.fitting(result.jsonBytes())
            case .queued(let part): return Self.queued(part.futures)
            }
        } catch {
            throw WireError(error as any Error)
        }
    }

    private static func queued(_ futures: [Future]) -> [UInt8] {
        json(capacity: 16 + 6 * futures.count) { writer in
            writer.beginObject()
            writer.name("futures")
            writer.beginArray()
            for future in futures { writer.int(Int64(future.index ?? 0)) }
            writer.endArray()
            writer.endObject()
        }
    }
}

extension Params {
    static let watchMax = 1000

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

    /// `watch [{key, expect?}]`; empty when absent.
    func watchedKeys() throws(WireError) -> [WatchedKey] {
        var keys: [WatchedKey] = []
        for (index, element) in (try array("watch", countMax: Self.watchMax) ?? []).enumerated() {
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
