// SPDX-License-Identifier: MIT
import Keyspace

@testable import EmbeddedKeyspace

/// Draws commands over a few keys, members and numbers, so that they meet; some of them are wrong on purpose.
struct RandomCommands {
    private var generator: SplitMix64
    private var home: [String] = []

    static let keys = ["a", "b", "c", "d", "e:1", "e:2", "f"]
    /// Each family has keys that it prefers; without them most commands would meet the wrong type.
    private static let homes: [(names: [String: CommandHandler], keys: [String])] = [
        (HashCommands.handlers, ["c"]), (ListCommands.handlers, ["d", "e:1"]),
        (ListEditCommands.handlers, ["d", "e:1"]),
        (SetCommands.handlers, ["e:2", "b"]), (SetAlgebraCommands.handlers, ["e:2", "b"]),
        (SortedSetCommands.handlers, ["f"]), (SortedSetAddCommands.handlers, ["f"]),
        (SortedSetRangeCommands.handlers, ["f"]), (CounterCommands.handlers, ["a"]),
    ]
    private static let members = ["x", "y", "z", "10", "-3", "abc", "\u{E4}", "\"\"", "x\u{0}y"]
    private static let integers = [
        "0", "1", "-1", "2", "3", "-2", "-4", "10", "100", "9223372036854775807", "-9223372036854775808",
        "9223372036854775808", "1.5", "abc", "+1", "01", "\"\"", "-0", "\\s1",
    ]
    private static let doubles = [
        "0", "1", "-1", "2.5", "0.1", "3", "1e3", "-2.25", "1e20", "inf", "-inf", "+inf", "nan", "abc", "1e-7", "0x10",
        "\"\"", "\\s1", "-0", "123456789.123", "1e400", "5e-324",
    ]
    private static let bounds = [
        "-inf", "+inf", "0", "1", "(1", "(2.5", "3", "-1", "(inf", "(-inf", "x", "\"\"", "(", "(x",
    ]
    private static let patterns = [
        "*", "e:*", "?", "[a-c]", "[^a]", "x*", "*y", "e:[12]", "\\\\*", "[a", "*b*c", "[b-a]", "\\*",
    ]
    /// Far in the future, or long ago, so that nothing depends on how long the test takes; for the same reason only
    /// moments, never spans, are compared by GT and LT.
    private static let seconds = ["100000", "200000", "-5", "0", "abc", "9223372036854775807", "300000"]
    private static let moments = ["4000000000", "4000000500", "5", "-5", "0", "5000000000"]
    private static let milliMoments = ["4000000000499", "4000000000500", "4000000500999", "5", "x"]

    /// What stands for what: K key, M member, I integer, F double, B bound, P pattern, S seconds, T moment in seconds,
    /// U moment in milliseconds; `+` repeats the words behind it up to three times; `a|b` is one of them; `?` maybe,
    /// `~` instead of a space after it.
    private static let templates = [
        "GET K", "SET K M", "SET K I", "SET K F", "SET K M ?NX|XX ?GET", "SET K M ?GET ?EX|PX~S ?KEEPTTL",
        "SET K M ?EXAT~T", "SET K M PXAT U", "SET K M KEEPTTL", "SETNX K M", "SETEX K S M", "PSETEX K S M",
        "GETSET K M",
        "GETDEL K", "GETEX K", "GETEX K EX|PX S", "GETEX K EXAT T", "GETEX K PERSIST", "MGET +K", "MSET +KM",
        "MSETNX +KM",
        "MSET K M K", "APPEND K M", "STRLEN K", "GETRANGE K I I", "SETRANGE K 0|1|5|-1|x M", "INCR K", "DECR K",
        "INCRBY K I", "DECRBY K I", "INCRBYFLOAT K F", "DEL +K", "UNLINK K", "EXISTS +K", "TOUCH +K",
        "EXPIRE K S ?NX|XX", "PEXPIRE K S ?XX", "EXPIREAT K T ?NX|XX|GT|LT ?XX", "PEXPIREAT K U ?NX|XX|GT|LT",
        "EXPIRETIME K", "PEXPIRETIME K", "TTL K", "PTTL K", "PERSIST K", "TYPE K", "RENAME K K", "RENAMENX K K",
        "COPY K K ?REPLACE", "KEYS P", "SCAN 0 COUNT 1000 ?TYPE~string|set|zset", "SCAN 0 MATCH P COUNT 1000", "SCAN x",
        "DBSIZE", "HSET K +MM", "HSET K M", "HSETNX K M M", "HMSET K +MM", "HGET K M", "HMGET K +M", "HGETALL K",
        "HDEL K +M", "HEXISTS K M", "HLEN K", "HKEYS K", "HVALS K", "HINCRBY K M I", "HINCRBYFLOAT K M F",
        "HSTRLEN K M",
        "HSCAN K 0 ?MATCH~P", "LPUSH K +M", "RPUSH K +M", "LPUSHX K +M", "RPUSHX K M", "LPOP K", "RPOP K", "LPOP K I",
        "RPOP K I", "LPOP K 1 1", "LLEN K", "LRANGE K I I", "LRANGE K 0 -1", "LINDEX K I", "LSET K 0|-1|1|5|x M",
        "LSET K 0|-1 M",
        "LREM K I M",
        "LTRIM K I I", "LTRIM K 0 6", "LINSERT K BEFORE|AFTER|X M M", "LMOVE K K LEFT|RIGHT|X LEFT|RIGHT",
        "RPOPLPUSH K K",
        "LPOS K M", "LPOS K M ?RANK~I ?COUNT~I ?MAXLEN~I", "SADD K +M", "SREM K +M", "SISMEMBER K M", "SMISMEMBER K +M",
        "SMEMBERS K", "SCARD K", "SMOVE K K M", "SINTER +K", "SUNION +K", "SDIFF +K", "SINTERSTORE K +K",
        "SUNIONSTORE K +K",
        "SDIFFSTORE K +K", "SSCAN K 0 ?MATCH~P", "SPOP K 100", "SPOP K 0", "SPOP K -1", "SRANDMEMBER K 100",
        "SRANDMEMBER K 0", "SRANDMEMBER K x", "ZADD K +FM", "ZADD K +IM", "ZADD K ?NX|XX ?GT|LT ?CH +FM",
        "ZADD K ?NX|XX ?GT|LT INCR F M", "ZADD K INCR F M F M", "ZADD K F", "ZREM K +M", "ZSCORE K M", "ZMSCORE K +M",
        "ZINCRBY K F M", "ZCARD K", "ZCOUNT K B B", "ZRANGE K I I ?REV ?WITHSCORES", "ZRANGE K 0 -1 WITHSCORES",
        "ZRANGE K B B BYSCORE ?REV ?WITHSCORES", "ZRANGE K B B BYSCORE LIMIT I I", "ZRANGE K 0 1 LIMIT 0 1",
        "ZRANGEBYSCORE K B B ?WITHSCORES ?LIMIT~I~I", "ZREVRANGE K I I ?WITHSCORES",
        "ZREVRANGEBYSCORE K B B ?WITHSCORES",
        "ZREVRANGEBYSCORE K +inf -inf LIMIT I I", "ZRANK K M", "ZREVRANK K M", "ZPOPMIN K ?1|2|-1|x",
        "ZPOPMAX K ?1|3|0",
        "ZPOPMIN K 1 1", "ZREMRANGEBYRANK K I I", "ZREMRANGEBYSCORE K B B", "ZSCAN K 0 ?MATCH~P", "PING", "PING M",
        "PING M M", "ECHO M", "GET", "HGET K", "ZADD K 1", "LPUSH K", "SPOP K 1 1",
    ]

    init(seed: UInt64) { generator = SplitMix64(state: seed) }

    static var names: Set<String> { Set(templates.compactMap { $0.split(separator: " ").first.map(String.init) }) }

    /// A command as one line, in the form of ``Command/init(line:)``.
    mutating func next() -> String {
        var words: [String] = []
        let tokens = pick(Self.templates).split(separator: " ").map(String.init)
        home = Self.homes.first { $0.names[tokens[0]] != nil }?.keys ?? Self.keys
        for token in tokens { words += expanded(token) }
        return words.joined(separator: " ")
    }

    private mutating func expanded(_ token: String) -> [String] {
        if token.hasPrefix("?") {
            return Bool.random(using: &generator) ? expanded(String(token.dropFirst())) : []
        }
        if token.contains("~") { return token.split(separator: "~").flatMap { expanded(String($0)) } }
        if token.hasPrefix("+") && token != "+inf" {
            let count = Int.random(in: 1...3, using: &generator)
            return (0..<count).flatMap { _ in token.dropFirst().flatMap { expanded(String($0)) } }
        }
        if token.contains("|") { return [pick(token.split(separator: "|").map(String.init))] }
        return [value(of: token)]
    }

    private mutating func value(of token: String) -> String {
        switch token {
        case "K": pick(Bool.random(using: &generator) ? home : Self.keys)
        case "M": pick(Self.members)
        // Mostly small numbers: the wrong ones and the huge ones seldom lead anywhere.
        case "I": pick(Bool.random(using: &generator) ? Array(Self.integers.prefix(8)) : Self.integers)
        case "F": pick(Bool.random(using: &generator) ? Array(Self.doubles.prefix(6)) : Self.doubles)
        case "B": pick(Self.bounds)
        case "P": pick(Self.patterns)
        case "S": pick(Self.seconds)
        case "T": pick(Self.moments)
        case "U": pick(Self.milliMoments)
        default: token
        }
    }

    private mutating func pick(_ choices: [String]) -> String {
        choices[Int.random(in: 0..<choices.count, using: &generator)]
    }
}

/// A small generator whose whole state is its seed.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
