// SPDX-License-Identifier: MIT
import Keyspace
import Testing

@testable import EmbeddedKeyspace

@Suite struct SetCommandTests {
    @Test func members() throws {
        try Bench().check(
            """
            SADD s b a b -> 2
            SADD s a -> 0
            SMEMBERS s -> ["a" "b"]
            SMEMBERS none -> []
            SCARD s -> 2
            SISMEMBER s a -> 1
            SISMEMBER none a -> 0
            SMISMEMBER s a x -> [1 0]
            SMISMEMBER none a x -> [0 0]
            SREM s x -> 0
            SREM s a b a -> 2
            EXISTS s -> 0
            SADD s 1 2 -> 2
            SMOVE s t 1 -> 1
            SMOVE s t 9 -> 0
            SMOVE none t 9 -> 0
            SMOVE s s 2 -> 1
            SMOVE s t 2 -> 1
            EXISTS s -> 0
            SMEMBERS t -> ["1" "2"]
            SET x 1 -> OK
            SADD x 1 -> WRONGTYPE Operation against a key holding the wrong kind of value
            SMOVE t x 1 -> WRONGTYPE Operation against a key holding the wrong kind of value
            SMOVE none x 1 -> 0
            SSCAN t 0 MATCH 2 COUNT 5 -> ["0" ["2"]]
            """)
    }

    @Test func algebra() throws {
        try Bench().check(
            """
            SADD a 1 2 3 4 -> 4
            SADD b 2 4 6 -> 3
            SADD c 4 -> 1
            SINTER a b c -> ["4"]
            SINTER a none -> []
            SUNION a b none -> ["1" "2" "3" "4" "6"]
            SDIFF a b c -> ["1" "3"]
            SDIFF none a -> []
            SINTERSTORE d a b -> 2
            SMEMBERS d -> ["2" "4"]
            SUNIONSTORE d d c none -> 2
            SDIFFSTORE a a b -> 2
            SMEMBERS a -> ["1" "3"]
            SINTERSTORE d a none -> 0
            EXISTS d -> 0
            SET x 1 -> OK
            SINTER none x -> WRONGTYPE Operation against a key holding the wrong kind of value
            SUNIONSTORE a b x -> WRONGTYPE Operation against a key holding the wrong kind of value
            SUNIONSTORE x b -> 3
            TYPE x -> set
            """)
    }

    @Test func chance() throws {
        let bench = try Bench()
        bench.engine.random = SplitMix64(state: 1)
        try bench.check(
            """
            SPOP none -> (nil)
            SPOP none 2 -> []
            SRANDMEMBER none -> (nil)
            SRANDMEMBER none 2 -> []
            SADD s a b c d -> 4
            SPOP s -1 -> ERR value is out of range, must be positive
            SPOP s 1 2 -> ERR syntax error
            SPOP s 0 -> []
            SRANDMEMBER s x -> ERR value is not an integer or out of range
            SRANDMEMBER s 1 2 -> ERR syntax error
            SRANDMEMBER s 0 -> []
            SRANDMEMBER s -9000000 -> ERR value is out of range
            SRANDMEMBER s -9223372036854775808 -> ERR value is out of range, value must between \
            -9223372036854775807 and 9223372036854775807
            """)
        let all: Set = ["\"a\"", "\"b\"", "\"c\"", "\"d\""]
        #expect(try Set((0..<100).map { _ in try bench.run("SRANDMEMBER s").text }) == all)
        guard case .array(let distinct) = try bench.run("SRANDMEMBER s 9"),
            case .array(let repeated) = try bench.run("SRANDMEMBER s -9"),
            case .array(let two) = try bench.run("SPOP s 2"),
            case .bulk = try bench.run("SPOP s")
        else {
            Issue.record("members are answered")
            return
        }
        #expect(distinct.count == 4 && Set(distinct.map(\.text)) == all)
        #expect(repeated.count == 9 && Set(repeated.map(\.text)).isSubset(of: all))
        #expect(Set(two.map(\.text)).count == 2)
        try bench.check("SCARD s -> 1")
        _ = try bench.run("SPOP s 5")
        try bench.check("EXISTS s -> 0")
    }
}
