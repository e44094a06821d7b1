// SPDX-License-Identifier: MIT
import Keyspace
import SQLiteConnection
import Testing

@testable import EmbeddedKeyspace

@Suite struct CommandEngineTests {
    @Test func everyCommandOfTheTableHasAHandlerAndNoOther() {
        #expect(Set(CommandEngine.handlers.keys) == Set(CommandTable.specifications.keys))
    }

    @Test func serverCommands() throws {
        try Bench().check(
            """
            PING -> PONG
            ping hello -> "hello"
            PING a b -> ERR wrong number of arguments for 'ping' command
            ECHO x -> "x"
            TIME -> ["1000000000" "0"]
            """)
    }

    @Test(arguments: ["GET", "GET a b", "SET a", "HSET h a", "RANDOMKEY x", "PING a b"])
    func aWrongNumberOfArgumentsIsRefusedByName(line: String) throws {
        let name = line.split(separator: " ")[0].lowercased()
        try Bench().check("\(line) -> ERR wrong number of arguments for '\(name)' command")
    }

    @Test(arguments: [
        "FOO", "MULTI", "BLPOP a 0", "CONFIG GET x", "EVAL x 0", "ZRAN\u{212A} a b", "SUBSCRIBE a", "\"\"",
    ])
    func whatIsNotInTheTableIsUnsupported(line: String) throws {
        let command = Command(line: line)
        #expect(CommandTable.check(command)?.isUnsupported == true)
        #expect(try Bench().run(line) == .error(.unsupported))
        #expect(CommandTable.check(Command([]))?.isUnsupported == true)
    }

    @Test(arguments: [
        ("GET a", ["a"]), ("MSET a 1 b 2", ["a", "b"]), ("DEL a b a", ["a", "b", "a"]),
        ("LMOVE a b LEFT LEFT", ["a", "b"]),
        ("KEYS *", []), ("SINTERSTORE d a b", ["d", "a", "b"]), ("MSET a", ["a"]), ("LMOVE a", ["a"]), ("GET", []),
    ])
    func theKeysOfACommandAreKnown(line: String, keys: [String]) throws {
        let command = Command(line: line)
        let specification = try #require(CommandTable.specification(of: command))
        #expect(specification.keys(of: command).map { String(decoding: $0, as: UTF8.self) } == keys)
    }

    @Test(arguments: [
        ("SET a 1", ["a"]), ("SET a 1 XX", []), ("DEL string none", ["string"]), ("SREM set x", []),
        ("SREM set m", ["set"]),
        ("SADD set m", []), ("HDEL hash x", []), ("HSET hash f v", ["hash"]), ("LREM list 0 x", []),
        ("LPOP list 0", []),
        ("RPOPLPUSH list other", ["other", "list"]), ("RENAME string b", ["string", "b"]), ("ZADD zset 1 m", []),
        ("ZADD zset 2 m", ["zset"]), ("PERSIST string", []), ("EXPIRE string 9", ["string"]), ("EXPIRE none 9", []),
        ("GET string", []), ("APPEND list x", []), ("SINTERSTORE none none", []), ("GETEX string", []),
        ("MSETNX string 1 x 2", []), ("INCR x", ["x"]), ("SPOP set 0", []), ("ZPOPMIN zset 0", []),
        ("TOUCH string", []),
    ])
    func whatWasModifiedIsTouchedAndNothingElse(line: String, touched: [String]) throws {
        let bench = try Bench()
        for line in ["SET string v", "SADD set m", "HSET hash f v", "RPUSH list i", "ZADD zset 1 m"] {
            _ = try bench.run(line)
        }
        bench.touched = []
        let changes = try bench.connection.integer("SELECT total_changes()")
        _ = try bench.run(line)
        #expect(bench.touched == touched)
        if touched.isEmpty {
            #expect(try bench.connection.integer("SELECT total_changes()") == changes, "nothing written")
        }
    }

    @Test func valuesAreBytes() throws {
        let bench = try Bench()
        let (key, value): ([UInt8], [UInt8]) = ([0xFF, 0x00], [0x00, 0xC3, 0x28])
        _ = try bench.engine.run(Command([Array("SET".utf8), key, value]), now: bench.now)
        #expect(try bench.engine.run(Command([Array("GET".utf8), key]), now: bench.now) == .bulk(value))
        // Two spellings of one letter are two keys.
        try bench.check("SET \u{E9} 1 -> OK\nEXISTS e\u{301} -> 0")
    }
}
