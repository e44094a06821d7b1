// SPDX-License-Identifier: MIT
import Testing

@testable import EmbeddedKeyspace

@Suite struct StringCommandTests {
    @Test func setAndGet() throws {
        try Bench().check(
            """
            GET a -> (nil)
            SET a 1 -> OK
            GET a -> "1"
            SET a 2 NX -> (nil)
            SET b 2 XX -> (nil)
            SET a 3 XX GET -> "1"
            SET b 1 NX GET -> (nil)
            GET b -> "1"
            SET a 4 NX GET -> "3"
            GET a -> "3"
            SET a 1 NX XX -> ERR syntax error
            SET a 1 EX -> ERR syntax error
            SET a 1 EX 1 PX 1 -> ERR syntax error
            SET a 1 EX 10 KEEPTTL -> ERR syntax error
            SET a 1 EX 0 -> ERR invalid expire time in 'set' command
            SET a 1 EX x -> ERR value is not an integer or out of range
            SET a 1 EX 9223372036854775807 -> ERR invalid expire time in 'set' command
            SET a 1 PX 9223372036854775807 -> ERR invalid expire time in 'set' command
            SETEX a -1 v -> ERR invalid expire time in 'setex' command
            PSETEX a 0 v -> ERR invalid expire time in 'psetex' command
            GET a -> "3"
            SETNX a 9 -> 0
            SETNX n 9 -> 1
            GETSET n 10 -> "9"
            GETDEL n -> "10"
            GETDEL n -> (nil)
            RPUSH l x -> 1
            GET l -> WRONGTYPE Operation against a key holding the wrong kind of value
            GETSET l x -> WRONGTYPE Operation against a key holding the wrong kind of value
            SET l x GET -> WRONGTYPE Operation against a key holding the wrong kind of value
            MGET a l none b -> ["3" (nil) (nil) "1"]
            SET l s -> OK
            TYPE l -> string
            """)
    }

    @Test func expiryOfStrings() throws {
        let bench = try Bench()
        try bench.check(
            """
            SET a 1 EX 10 -> OK
            TTL a -> 10
            SET a 2 KEEPTTL -> OK
            PTTL a -> 10000
            APPEND a 3 -> 2
            INCR a -> 24
            PTTL a -> 10000
            SET a 2 -> OK
            TTL a -> -1
            SET a 3 PXAT 1000000000700 -> OK
            PEXPIRETIME a -> 1000000000700
            EXPIRETIME a -> 1000000001
            GETEX a EX 5 -> "3"
            TTL a -> 5
            GETEX a PERSIST -> "3"
            TTL a -> -1
            GETEX a PERSIST PERSIST -> "3"
            GETEX a EX 5 EX 6 -> "3"
            TTL a -> 6
            SET a 3 EX 5 EX 7 -> OK
            TTL a -> 7
            GETEX a EX 5 PX 6 -> ERR syntax error
            GETEX a PERSIST EX 5 -> ERR syntax error
            GETEX a EX 0 -> ERR invalid expire time in 'getex' command
            GETEX none EX 0 -> (nil)
            GETEX a EXAT 1 -> "3"
            EXISTS a -> 0
            SET dead x EXAT 1 -> OK
            GET dead -> (nil)
            """)
    }

    @Test func partsOfStrings() throws {
        try Bench().check(
            """
            GETRANGE none 0 -1 -> ""
            SET a hello -> OK
            GETRANGE a 0 -1 -> "hello"
            GETRANGE a 1 3 -> "ell"
            GETRANGE a -3 -2 -> "ll"
            GETRANGE a -100 -50 -> "h"
            GETRANGE a -50 -100 -> ""
            GETRANGE a 3 100 -> "lo"
            GETRANGE a 9 100 -> ""
            GETRANGE a x 1 -> ERR value is not an integer or out of range
            SETRANGE a 3 XY! -> 6
            GET a -> "helXY!"
            SETRANGE a 0 "" -> 6
            SETRANGE none 5 "" -> 0
            EXISTS none -> 0
            SETRANGE a -1 x -> ERR offset is out of range
            SETRANGE a 536870912 x -> ERR string exceeds maximum allowed size (proto-max-bulk-len)
            SETRANGE a 9223372036854775807 x -> ERR string exceeds maximum allowed size (proto-max-bulk-len)
            SETRANGE b 2 x -> 3
            STRLEN b -> 3
            STRLEN none -> 0
            APPEND a ?? -> 8
            MSET a 1 b 2 -> OK
            MSET a -> ERR wrong number of arguments for 'mset' command
            MSET a 1 b -> ERR wrong number of arguments for 'mset' command
            MSETNX c 1 a 2 -> 0
            EXISTS c -> 0
            MSETNX c 1 d 2 c 3 -> 1
            GET c -> "3"
            """)
    }

    @Test func counters() throws {
        try Bench().check(
            """
            INCR a -> 1
            INCRBY a 9223372036854775806 -> 9223372036854775807
            INCR a -> ERR increment or decrement would overflow
            DECRBY a -1 -> ERR increment or decrement would overflow
            DECRBY a -9223372036854775808 -> ERR decrement would overflow
            SET a 10 -> OK
            DECR a -> 9
            DECRBY a 19 -> -10
            INCRBY a 1.5 -> ERR value is not an integer or out of range
            SET b 01 -> OK
            INCR b -> ERR value is not an integer or out of range
            INCRBYFLOAT b x -> ERR value is not a valid float
            INCRBYFLOAT b 1.5 -> "2.5"
            INCRBYFLOAT b -2.5 -> "0"
            INCRBYFLOAT b 5.0e3 -> "5000"
            INCRBYFLOAT b inf -> ERR increment would produce NaN or Infinity
            RPUSH l x -> 1
            INCR l -> WRONGTYPE Operation against a key holding the wrong kind of value
            INCRBYFLOAT l 1 -> WRONGTYPE Operation against a key holding the wrong kind of value
            """)
    }

    #if arch(x86_64)
    @Test func decimalFractionsAddUpAsInC() throws {
        try Bench().check(
            """
            SET a 0.1 -> OK
            INCRBYFLOAT a 0.2 -> "0.3"
            SET a 3000 -> OK
            INCRBYFLOAT a 0.1 -> "3000.10000000000000009"
            """)
    }
    #endif
}
