// SPDX-License-Identifier: MIT
import ArgumentParser
import JSON
import SluiceClient

/// `sluice keys`: looks into the keyspace.
struct Keys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List keys with type and time to live, or show what one holds.",
        discussion: "A listing while keys come and go may miss some of these.")

    @Argument(help: "Which: * any text, ? one character.")
    var pattern = "*"

    @Option(help: "Show what this key holds.")
    var show: String?

    @Option(help: "How many keys, or elements of the key shown.")
    var limit = 1000

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit takes 1 or more.") }
    }

    func run() async throws {
        try await client.withClient { client in
            if let show {
                try await content(of: show, client)
            } else {
                try await list(client)
            }
        }
    }

    private func list(_ client: SluiceClient) async throws {
        var keys: [JSONValue] = []
        var seen: Set<JSONValue> = []
        var cursor: JSONValue = "0"
        repeat {
            let page = try await client.command("SCAN", cursor, "MATCH", .string(pattern), "COUNT", 500)
            guard let parts = page.array, parts.count == 2, let found = parts[1].array else {
                throw CommandFailure("The keyspace's answer to SCAN is not understood.", try: "sluice health")
            }
            // SCAN may name a key twice.
            keys += found.filter { seen.insert($0).inserted }
            cursor = parts[0]
            // One more than are shown tells that there are more.
        } while CellText.of(cursor) != "0" && keys.count <= limit
        let isAll = keys.count <= limit
        keys = Array(keys.prefix(limit))
        let rows = try await described(keys, client)
        let value = rows.map { row in JSONValue.object(["key": row[0], "type": row[1], "ttl": row[2]]) }
        Terminal.print(Table(["key", "type", "ttl"], rows), or: .array(value), json: json)
        if !isAll { Terminal.complain("more: these are \(limit); a larger --limit, or a narrower pattern") }
    }

    /// Key, type, and seconds to live: null for ever.
    private func described(_ keys: [JSONValue], _ client: SluiceClient) async throws -> [[JSONValue]] {
        var rows: [[JSONValue]] = []
        for start in stride(from: 0, to: keys.count, by: Self.pageKeys) {
            let page = keys[start..<min(start + Self.pageKeys, keys.count)]
            let commands = page.flatMap { key -> [JSONValue] in [["TYPE", key], ["TTL", key]] }
            let replies = try await client.call("keyspace.pipeline", ["commands": .array(commands)])
            let results = replies["results"]?.array ?? []
            for (index, key) in page.enumerated() where results.count > 2 * index + 1 {
                let seconds = results[2 * index + 1].int64 ?? -1
                rows.append([key, results[2 * index], seconds < 0 ? .null : .integer(seconds)])
            }
        }
        return rows
    }

    private func content(of key: String, _ client: SluiceClient) async throws {
        let type = try await client.command("TYPE", .string(key)).string ?? ""
        guard let command = KeyContent.command(type: type, key: key, limit: limit) else {
            throw CommandFailure(
                type == "none" ? "There is no such key." : "Keys of this type are not shown.", try: "sluice keys")
        }
        let reply = try await client.call("keyspace.command", ["command": .array(command)])
        var value: JSONObject = ["key": .string(key), "type": .string(type), "content": reply]
        let length = try await length(of: key, type: type, client)
        value["length"] = length.map { .integer($0) }
        if json {
            Terminal.print(.object(value), json: true)
        } else if type == "string" {
            Terminal.print(CellText.of(reply))
        } else {
            Terminal.print(KeyContent.table(type: type, reply), or: .object(value), json: false)
        }
        if let length, length > limit { Terminal.complain("more: these are \(limit) of \(length); --limit \(length)") }
    }

    private func length(of key: String, type: String, _ client: SluiceClient) async throws -> Int64? {
        guard let command = KeyContent.length(type: type, key: key) else { return nil }
        return try await client.call("keyspace.command", ["command": .array(command)]).int64
    }

    private static let pageKeys = 250
}
