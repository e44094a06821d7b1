// SPDX-License-Identifier: MIT
import Testing

@testable import EmbeddedKeyspace

@Suite struct SortedSetCommandTests {
    @Test func adding() throws {
        try Bench().check(
            """
            ZADD z 1 a 2 b 1 a -> 2
            ZADD z CH 3 a 2 b 4 c -> 2
            ZADD z NX 9 a 9 d -> 1
            ZADD z XX 5 a 5 x -> 0
            ZSCORE z a -> "5"
            ZADD z GT CH 4 a 10 d -> 1
            ZADD z LT CH 4 a 11 d -> 1
            ZADD z XX GT CH 5 a -> 1
            ZADD z INCR 1.5 a -> "6.5"
            ZADD z NX INCR 1 a -> (nil)
            ZADD z GT INCR -1 a -> (nil)
            ZADD none XX INCR 1 a -> (nil)
            ZADD none XX 1 a -> 0
            EXISTS none -> 0
            ZADD z NX XX 1 a -> ERR XX and NX options at the same time are not compatible
            ZADD z NX GT 1 a -> ERR GT, LT, and/or NX options at the same time are not compatible
            ZADD z GT LT 1 a -> ERR GT, LT, and/or NX options at the same time are not compatible
            ZADD z INCR 1 a 2 b -> ERR INCR option supports a single increment-element pair
            ZADD z 1 a 2 -> ERR syntax error
            ZADD z 1 a x b -> ERR value is not a valid float
            ZADD z nan a -> ERR value is not a valid float
            ZINCRBY z inf i -> "inf"
            ZINCRBY z -inf i -> ERR resulting score is not a number (NaN)
            ZINCRBY z x i -> ERR value is not a valid float
            ZINCRBY z nx i -> ERR syntax error
            ZINCRBY z ch incr -> ERR syntax error
            SET s 1 -> OK
            ZADD s 1 a -> WRONGTYPE Operation against a key holding the wrong kind of value
            """)
    }

    @Test func scoresAreWrittenWithSeventeenDigits() throws {
        try Bench().check(
            """
            ZADD z 0.1 a 3 b 1e20 c 1e300 d -inf e -0 f 1e-7 g 9007199254740993 h 0x10 i -2.5 j -> 10
            ZMSCORE z a b c d e f -> ["0.10000000000000001" "3" "1e+20" "1.0000000000000001e+300" "-inf" "0"]
            ZMSCORE z g h i j x -> ["9.9999999999999995e-08" "9007199254740992" "16" "-2.5" (nil)]
            """)
    }

    @Test func ranges() throws {
        try Bench().check(
            """
            ZADD z 1 a 2 b 2 bb 3 c 4 d -> 5
            ZRANGE z 0 -1 -> ["a" "b" "bb" "c" "d"]
            ZRANGE z 0 1 WITHSCORES -> ["a" "1" "b" "2"]
            ZRANGE z 0 1 REV -> ["d" "c"]
            ZREVRANGE z 1 2 WITHSCORES -> ["c" "3" "bb" "2"]
            ZRANGE z 5 9 -> []
            ZRANGE z a 1 -> ERR value is not an integer or out of range
            ZRANGE z 0 1 LIMIT 0 1 -> ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX
            ZRANGE z 0 1 LIMIT 0 -1 -> ["a" "b"]
            ZRANGE z 2 3 BYSCORE -> ["b" "bb" "c"]
            ZRANGE z (2 +inf BYSCORE LIMIT 1 5 -> ["d"]
            ZRANGE z 3 2 BYSCORE REV LIMIT 0 2 -> ["c" "bb"]
            ZRANGE z 0 1 REV REV -> ERR syntax error
            ZRANGE z nan 1 BYSCORE REV BYSCORE -> ERR syntax error
            ZREVRANGE z 0 1 REV -> ERR syntax error
            ZREVRANGE z 0 1 LIMIT 0 1 -> ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX
            ZREVRANGE z 0 1 LIMIT 0 -1 -> ["d" "c"]
            ZRANGEBYSCORE z -inf (2 WITHSCORES -> ["a" "1"]
            ZRANGEBYSCORE z 1 4 LIMIT 1 2 -> ["b" "bb"]
            ZRANGEBYSCORE z 1 4 LIMIT 1 -1 -> ["b" "bb" "c" "d"]
            ZRANGEBYSCORE z 1 4 LIMIT -1 2 -> []
            ZRANGEBYSCORE z 1 4 LIMIT 1 -> ERR syntax error
            ZRANGEBYSCORE z 1 x -> ERR min or max is not a float
            ZRANGEBYSCORE z (inf inf -> []
            ZREVRANGEBYSCORE z 3 (1 -> ["c" "bb" "b"]
            ZREVRANGEBYSCORE z 1 3 -> []
            ZCOUNT z (1 3 -> 3
            ZCOUNT none 1 3 -> 0
            ZCOUNT z x 3 -> ERR min or max is not a float
            ZRANK z a -> 0
            ZRANK z bb -> 2
            ZREVRANK z bb -> 2
            ZREVRANK z a -> 4
            ZRANK z x -> (nil)
            ZRANK none x -> (nil)
            ZCARD z -> 5
            """)
    }

    @Test func removal() throws {
        try Bench().check(
            """
            ZADD z 1 a 2 b 3 c 4 d 5 e 6 f 7 g -> 7
            ZREM z a x a -> 1
            ZREMRANGEBYRANK z 0 0 -> 1
            ZREMRANGEBYSCORE z (6 +inf -> 1
            ZREMRANGEBYSCORE z 100 200 -> 0
            ZPOPMIN z -> ["c" "3"]
            ZPOPMAX z 2 -> ["f" "6" "e" "5"]
            ZPOPMIN z 0 -> []
            ZPOPMIN z x -> ERR value is out of range, must be positive
            ZPOPMIN z 1 2 -> ERR syntax error
            ZSCAN z 0 -> ["0" ["d" "4"]]
            ZPOPMAX z 9 -> ["d" "4"]
            EXISTS z -> 0
            ZPOPMAX z 9 -> []
            ZREMRANGEBYRANK z 0 -1 -> 0
            """)
    }
}
