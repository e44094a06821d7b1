// SPDX-License-Identifier: MIT
import Keyspace
import SQLiteConnection
import Testing
import TransactionModel

@testable import EmbeddedKeyspace

@Suite struct KeyCommandTests {
    @Test func keysOfEveryTypeAreDeletedRenamedAndCopied() throws {
        let bench = try Bench()
        try bench.check(
            """
            SET string 1 EX 100 -> OK
            RPUSH list a b -> 2
            SADD set a b -> 2
            ZADD zset 1 a 2 b -> 2
            HSET hash a 1 b 2 -> 2
            """)
        for key in ["string", "list", "set", "zset", "hash"] {
            try bench.check(
                """
                TYPE \(key) -> \(key)
                COPY \(key) copy -> 1
                COPY \(key) copy -> 0
                COPY string copy REPLACE -> 1
                COPY \(key) copy REPLACE -> 1
                TYPE copy -> \(key)
                RENAME copy other -> OK
                RENAMENX other string -> 0
                RENAMENX other fresh -> 1
                EXISTS \(key) fresh copy other -> 2
                DEL fresh fresh copy -> 1
                """)
        }
        try bench.check(
            """
            COPY list l2 -> 1
            RPUSH l2 c -> 3
            LRANGE list 0 -1 -> ["a" "b"]
            COPY string s2 -> 1
            TTL s2 -> 100
            COPY list list -> ERR source and destination objects are the same
            COPY none x -> 0
            RENAME none x -> ERR no such key
            RENAME list list -> OK
            RENAMENX list list -> 0
            RENAME list string -> OK
            TYPE string -> list
            TTL string -> -1
            UNLINK string set zset hash l2 s2 -> 6
            DBSIZE -> 0
            RANDOMKEY -> (nil)
            """)
        for table in ["entry", "list_item", "set_member", "zset_member", "hash_field"] {
            #expect(try bench.connection.integer("SELECT count(*) FROM \(table)") == 0, "\(table) is empty")
        }
    }

    @Test func expiryHasConditions() throws {
        try Bench().check(
            """
            EXPIRE none 10 -> 0
            SET a 1 -> OK
            EXPIRE a 10 XX -> 0
            EXPIRE a 10 GT -> 0
            EXPIRE a 10 NX -> 1
            EXPIRE a 20 NX -> 0
            EXPIRE a 10 GT -> 0
            EXPIRE a 20 GT -> 1
            EXPIRE a 20 LT -> 0
            EXPIRE a 15 LT XX -> 1
            TTL a -> 15
            PEXPIRE a 1499 -> 1
            TTL a -> 1
            EXPIRE a 10 NX XX -> ERR NX and XX, GT or LT options at the same time are not compatible
            EXPIRE a 10 GT LT -> ERR GT and LT options at the same time are not compatible
            EXPIRE a 10 SOON -> ERR Unsupported option
            EXPIRE a x -> ERR value is not an integer or out of range
            EXPIRE a 9223372036854775807 -> ERR invalid expire time in 'expire' command
            PEXPIRE a 9223372036854775807 -> ERR invalid expire time in 'pexpire' command
            PERSIST a -> 1
            PERSIST a -> 0
            EXPIRE a 7 LT -> 1
            EXPIREAT a 2000000000 -> 1
            EXPIRETIME a -> 2000000000
            PEXPIREAT a 9223372036854775807 -> 1
            EXPIRETIME a -> 9223372036854776
            EXPIREAT a 1 -> 1
            EXISTS a -> 0
            TTL a -> -2
            """)
    }

    @Test func anExpiredKeyIsGoneForEveryCommand() throws {
        let bench = try Bench()
        try bench.check(
            """
            HSET h f v -> 1
            PEXPIRE h 1000 -> 1
            SET s v PX 1000 -> OK
            SET stays v -> OK
            """)
        bench.now = bench.now + .milliseconds(1000)
        try bench.check("PTTL h -> 0\nDBSIZE -> 3")
        bench.now = bench.now + .milliseconds(1)
        bench.touched = []
        try bench.check(
            """
            HGET h f -> (nil)
            TYPE h -> none
            KEYS * -> ["stays"]
            DBSIZE -> 1
            SCAN 0 -> ["0" ["stays"]]
            RANDOMKEY -> "stays"
            RENAME s x -> ERR no such key
            """)
        #expect(bench.touched == ["s"], "what reads removes nothing")
        #expect(try !bench.engine.exists(Array("h".utf8), now: bench.now))
        #expect(try bench.engine.exists(Array("stays".utf8), now: bench.now))
        try bench.check("RPUSH h x -> 1\nTTL h -> -1")
        #expect(try bench.connection.integer("SELECT count(*) FROM hash_field") == 0)
    }

    @Test func activeExpiryTakesTheOldestFirst() throws {
        let bench = try Bench()
        for number in 0..<10 { try bench.check("SET k\(number) v PX \(1000 - number) -> OK") }
        bench.now = bench.now + .milliseconds(996)
        bench.touched = []
        #expect(try bench.engine.expire(keysMax: 3, now: bench.now) == 3)
        #expect(bench.touched == ["k9", "k8", "k7"])
        #expect(try bench.engine.expire(keysMax: 100, now: bench.now) == 2)
        #expect(try bench.engine.expire(keysMax: 100, now: bench.now) == 0)
        #expect(try bench.engine.keyCount(now: bench.now) == 5)
    }

    @Test func aScanReturnsEveryKeyOnceWhateverHappensMeanwhile() throws {
        let bench = try Bench()
        for number in 0..<25 { try bench.check("SET k\(number) v -> OK") }
        var seen: [String] = []
        var cursor = "0"
        repeat {
            guard case .array(let page) = try bench.run("SCAN \(cursor) COUNT 7"), case .bulk(let next) = page[0],
                case .array(let keys) = page[1]
            else {
                Issue.record("SCAN answers a cursor and keys")
                return
            }
            cursor = String(decoding: next, as: UTF8.self)
            seen += keys.map(\.text)
            try bench.check("DEL k3 -> \(seen.count == 7 ? 1 : 0)\nSET k20 w -> OK")
        } while cursor != "0"
        #expect(seen.count == 25 && Set(seen).count == 25)
        try bench.check(
            """
            SCAN x -> ERR invalid cursor
            SCAN 0 COUNT 0 -> ERR syntax error
            SCAN 0 FOO -> ERR syntax error
            SCAN 18446744073709551615 -> ["0" []]
            SCAN 0 MATCH k1? COUNT 100 TYPE list -> ["0" []]
            SCAN 0 MATCH k12 COUNT 100 TYPE STRING -> ["0" ["k12"]]
            """)
    }

    @Test func aRandomKeyIsOneThatExists() throws {
        let bench = try Bench()
        bench.engine.random = SplitMix64(state: 7)
        for number in 0..<20 { try bench.check("SET k\(number) v -> OK") }
        for number in 0..<15 { try bench.check("DEL k\(number) -> 1") }
        let keys = try Set((0..<100).map { _ in try bench.run("RANDOMKEY").text })
        #expect(keys == ["\"k15\"", "\"k16\"", "\"k17\"", "\"k18\"", "\"k19\""])
    }
}
