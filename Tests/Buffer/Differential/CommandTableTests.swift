// SPDX-License-Identifier: MIT
import Keyspace
import RedisServer
import Testing

/// What both adapters believe of a command before it reaches a store is what the server itself says of it.
@Suite("The command table and a redis-server", .enabled(if: RedisServer.program != nil, "there is no redis-server"))
struct CommandTableTests {
    @Test("agree on arity, on what writes, and on where the keys stand")
    func agree() throws {
        let server = try RedisServer()
        let client = try RedisClient(path: server.socketPath)
        for specification in CommandTable.specifications.values {
            let name = specification.name
            guard case .array(let infos) = try client.run("COMMAND", "INFO", name),
                case .array(let info)? = infos.first,
                case .array(let flags) = info[2]
            else {
                Issue.record("\(name) is unknown to the server")
                continue
            }
            #expect(info[1] == .integer(Int64(specification.arity)), "\(name)")
            #expect(flags.contains(.text("write")) == specification.isWrite, "\(name)")
            let words = Self.wellFormed(specification)
            let keys = specification.keys(of: Command(words.map { Array($0.utf8) }))
            switch try client.run(["COMMAND", "GETKEYS"] + words) {
            case .error: #expect(keys.isEmpty, "\(name)")
            case let answer:
                #expect(answer == .array(keys.map { .text(String(decoding: $0, as: UTF8.self)) }), "\(name)")
            }
        }
    }

    @Test("refuse a wrong number of arguments in the same words")
    func refuseAlike() throws {
        let server = try RedisServer()
        let client = try RedisClient(path: server.socketPath)
        for specification in CommandTable.specifications.values {
            let counts = 1...abs(specification.arity) + 1
            for count in counts where !specification.takes(count) {
                let words = [specification.name] + (1..<count).map { "argument\($0)" }
                let refusal = try #require(CommandTable.check(Command(words.map { Array($0.utf8) })))
                #expect(try client.run(words) == .error(refusal.description))
            }
        }
    }

    @Test("are wholly covered by what is drawn")
    func everyCommandIsDrawn() {
        let templates =
            CommandTemplates.all.flatMap(\.templates) + CommandTemplates.chance + CommandTemplates.iterations
        let drawn = Set(templates.compactMap { $0.split(separator: " ").first.map(String.init) })
        #expect(drawn == Set(CommandTable.specifications.keys))
    }

    /// With some arguments more than needed, where it takes them.
    private static func wellFormed(_ specification: CommandSpecification) -> [String] {
        let count = specification.arity > 0 ? specification.arity : specification.name.hasPrefix("MSET") ? 7 : 6
        return [specification.name] + (1..<count).map { "argument\($0)" }
    }
}
