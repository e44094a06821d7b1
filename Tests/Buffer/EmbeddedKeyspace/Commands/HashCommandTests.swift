// SPDX-License-Identifier: MIT
import Testing

@testable import EmbeddedKeyspace

@Suite struct HashCommandTests {
    @Test func fields() throws {
        try Bench().check(
            """
            HGET h a -> (nil)
            HGETALL h -> []
            HSET h b 2 a 1 b 3 -> 2
            HSET h a 1 c -> ERR wrong number of arguments for 'hset' command
            HMSET h a 1 c -> ERR wrong number of arguments for 'hmset' command
            HSET h c 4 a 5 -> 1
            HMSET h d 6 -> OK
            HGETALL h -> ["a" "5" "b" "3" "c" "4" "d" "6"]
            HKEYS h -> ["a" "b" "c" "d"]
            HVALS h -> ["5" "3" "4" "6"]
            HLEN h -> 4
            HMGET h a none d -> ["5" (nil) "6"]
            HMGET none a b -> [(nil) (nil)]
            HEXISTS h a -> 1
            HEXISTS h x -> 0
            HSTRLEN h a -> 1
            HSTRLEN h x -> 0
            HSETNX h a 7 -> 0
            HSETNX h e 7 -> 1
            HDEL h a b x b -> 2
            HDEL h c d e -> 3
            EXISTS h -> 0
            HSET h "" "" -> 1
            HGETALL h -> ["" ""]
            SET s 1 -> OK
            HSET s a 1 -> WRONGTYPE Operation against a key holding the wrong kind of value
            HGETALL s -> WRONGTYPE Operation against a key holding the wrong kind of value
            """)
    }

    @Test func counters() throws {
        try Bench().check(
            """
            HINCRBY h a 5 -> 5
            HINCRBY h a -7 -> -2
            HSET h b x c 9223372036854775807 -> 2
            HINCRBY h b 1 -> ERR hash value is not an integer
            HINCRBY h c 1 -> ERR increment or decrement would overflow
            HINCRBY h a x -> ERR value is not an integer or out of range
            HINCRBYFLOAT h a 0.5 -> "-1.5"
            HINCRBYFLOAT h b 1 -> ERR hash value is not a float
            HINCRBYFLOAT h a inf -> ERR value is NaN or Infinity
            HINCRBYFLOAT h a x -> ERR value is not a valid float
            HLEN h -> 3
            HINCRBY none a x -> ERR value is not an integer or out of range
            EXISTS none -> 0
            """)
    }

    @Test func scan() throws {
        try Bench().check(
            """
            HSCAN none 0 -> ["0" []]
            HSET h a1 1 a2 2 b 3 -> 3
            HSCAN h 0 MATCH a* -> ["0" ["a1" "1" "a2" "2"]]
            HSCAN h x -> ERR invalid cursor
            HSCAN h 0 COUNT x -> ERR value is not an integer or out of range
            HSCAN none 0 FOO -> ["0" []]
            HSCAN h 0 FOO -> ERR syntax error
            """)
    }
}
