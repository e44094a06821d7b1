// SPDX-License-Identifier: MIT

/// The forms of the commands that are drawn, those that must fail among them. Left out are `ZRANGE` with `BYLEX` and
/// `COPY` with `DB`, which the embedded keyspace does not offer.
///
/// What stands for what: K key, M member, I integer, F double, L long double, B bound, P pattern, S span in seconds, D
/// span in milliseconds, T moment in seconds, U moment in milliseconds. `+` repeats the letters behind it up to three
/// times, `a|b` is one of them, `?` maybe; behind `?`, `~` stands for a space. Everything else is a word.
enum CommandTemplates {
    /// A family prefers some keys: without them most of its commands would meet the wrong type.
    struct Family: Sendable {
        var homes: [[UInt8]]
        var templates: [String]

        init(at homes: String..., templates: [String]) {
            self.homes = homes.map { Array($0.utf8) }
            self.templates = templates
        }
    }

    static let all = [strings, counters, keys, expiries, hashes, lists, sets, sortedSets, server]

    private static let strings = Family(
        at: "a", "b", "",
        templates: [
            "GET K", "SET K M", "SET K I", "SET K F", "SET K M ?NX|XX ?GET", "SET K M ?GET ?EX~S ?KEEPTTL",
            "SET K M ?PX~D ?NX|XX", "SET K M ?EXAT~T ?PX~D", "SET K M PXAT U ?XX", "SET K M KEEPTTL ?GET", "SETNX K M",
            "SETEX K S M", "PSETEX K D M", "GETSET K M", "GETDEL K", "GETEX K", "GETEX K EX S", "GETEX K PX D",
            "GETEX K EXAT T", "GETEX K PXAT U ?PERSIST", "GETEX K PERSIST", "MGET +K",
            "SET K M EX S EX S", "GETEX K PX D PX D", "GETEX K PERSIST PERSIST", "MSET +KM", "MSETNX +KM",
            "MSET K M K", "APPEND K M", "STRLEN K", "GETRANGE K I I", "SETRANGE K 0|1|5|-1|x M",
            "SETRANGE K 536870912|9223372036854775807|600|0 M",
        ])

    private static let counters = Family(
        at: "a",
        templates: [
            "INCR K", "DECR K", "INCRBY K I", "DECRBY K I", "INCRBYFLOAT K L", "INCRBYFLOAT K F", "SET K I", "SET K F",
        ])

    private static let keys = Family(
        at: "a", "c", "d", "e:2", "f",
        templates: [
            "DEL K", "DEL K", "DEL K", "DEL K", "DEL +K", "DEL +K", "UNLINK K", "UNLINK K", "EXISTS +K", "TOUCH +K",
            "TYPE K", "RENAME K K", "RENAMENX K K",
            "COPY K K ?REPLACE", "KEYS P", "SCAN 0 COUNT 1000 ?TYPE~string|set|zset|x", "SCAN 0 MATCH P COUNT 1000",
            "SCAN x", "SCAN 0 COUNT 0|x", "DBSIZE",
        ])

    private static let expiries = Family(
        at: "a", "c", "d", "e:2", "f",
        templates: [
            "EXPIRE K S ?NX|XX|GT|LT", "PEXPIRE K D ?XX ?GT|LT", "EXPIREAT K T ?NX|XX|GT|LT ?XX",
            "PEXPIREAT K U ?NX|XX|GT|LT", "EXPIRETIME K", "PEXPIRETIME K", "TTL K", "PTTL K", "PERSIST K",
        ])

    private static let hashes = Family(
        at: "c", "g",
        templates: [
            "HSET K +MM", "HSET K M", "HSET K MF", "HSET K M I", "HSETNX K M M", "HMSET K +MM", "HGET K M",
            "HMGET K +M",
            "HGETALL K", "HDEL K +M", "HEXISTS K M", "HLEN K", "HKEYS K", "HVALS K", "HINCRBY K M I",
            "HINCRBYFLOAT K M L", "HSTRLEN K M", "HSCAN K x", "HSCAN K 0 COUNT x",
        ])

    private static let lists = Family(
        at: "d", "e:1",
        templates: [
            "LPUSH K +M", "RPUSH K +M", "LPUSHX K +M", "RPUSHX K M", "LPOP K", "RPOP K", "LPOP K I", "RPOP K I",
            "LPOP K 1 1", "LLEN K", "LRANGE K I I", "LRANGE K 0 -1", "LINDEX K I", "LSET K 0|-1|1|5|x M",
            "LSET K 0|-1 M", "LREM K I M", "LTRIM K I I", "LTRIM K 0 6", "LINSERT K BEFORE|AFTER|X M M",
            "LMOVE K K LEFT|RIGHT|X LEFT|RIGHT", "RPOPLPUSH K K", "LPOS K M", "LPOS K M ?RANK~I ?COUNT~I ?MAXLEN~I",
        ])

    private static let sets = Family(
        at: "e:2", "b",
        templates: [
            "SADD K +M", "SADD K +I", "SREM K +M", "SISMEMBER K M", "SMISMEMBER K +M", "SMEMBERS K", "SCARD K",
            "SMOVE K K M", "SINTER +K", "SUNION +K", "SDIFF +K", "SINTERSTORE K +K", "SUNIONSTORE K +K",
            "SDIFFSTORE K +K", "SSCAN K x", "SSCAN K 0 COUNT 0", "SPOP K 1000", "SPOP K 0", "SPOP K -1|x",
            "SPOP K 1 1", "SRANDMEMBER K 1000", "SRANDMEMBER K 0", "SRANDMEMBER K x|-9223372036854775808",
        ])

    private static let sortedSets = Family(
        at: "f", "g",
        templates: [
            "ZADD K +FM", "ZADD K +IM", "ZADD K ?NX|XX ?GT|LT ?CH +FM", "ZADD K ?NX|XX ?GT|LT INCR F M",
            "ZADD K INCR F M F M", "ZADD K F", "ZREM K +M", "ZSCORE K M", "ZMSCORE K +M", "ZINCRBY K F M", "ZCARD K",
            "ZCOUNT K B B", "ZRANGE K I I ?REV ?WITHSCORES", "ZRANGE K 0 -1 WITHSCORES",
            "ZRANGE K B B BYSCORE ?REV ?WITHSCORES", "ZRANGE K B B BYSCORE LIMIT I I", "ZRANGE K 0 1 LIMIT 0 1",
            "ZRANGEBYSCORE K B B ?WITHSCORES ?LIMIT~I~I", "ZREVRANGE K I I ?WITHSCORES",
            "ZREVRANGEBYSCORE K B B ?WITHSCORES", "ZREVRANGEBYSCORE K +inf -inf LIMIT I I", "ZRANK K M", "ZREVRANK K M",
            "ZPOPMIN K ?1|2|-1|x", "ZPOPMAX K ?1|3|0", "ZPOPMIN K 1 1", "ZREMRANGEBYRANK K I I",
            "ZREMRANGEBYSCORE K B B", "ZSCAN K x", "ZSCAN K 0 COUNT -1",
        ])

    private static let server = Family(
        at: "a",
        templates: ["PING", "PING M", "PING M M", "ECHO M", "TIME", "GET", "HGET K", "ZADD K 1", "LPUSH K", "TIME x"])

    /// Each needs a step of its own: what they answer is up to chance, or comes in pages.
    static let chance = ["SPOP K ?1|2|3", "SRANDMEMBER K ?1|2|5|-1|-5", "RANDOMKEY"]
    static let iterations = [
        "SCAN 0 ?MATCH~P ?COUNT~1|2|7 ?TYPE~string|list|set|zset|hash|x", "HSCAN K 0 ?MATCH~P ?COUNT~1|3|100",
        "SSCAN K 0 ?MATCH~P ?COUNT~1|3|100", "ZSCAN K 0 ?MATCH~P ?COUNT~1|3|100",
    ]
    /// Spans of a few milliseconds.
    static let perishing = ["PEXPIRE K 1|2|4", "SET K M PX 1|3", "PSETEX K 1|2 M", "GETEX K PX 2|4", "SET K M XX PX 2"]
    /// Refused before they reach a keyspace: no such command, the wrong number of arguments, a key of the site.
    static let refused = [
        "NOSUCH K", "\u{212A}EYS *", "SUBSCRIBE a", "MULTI", "WATCH K", "EVAL M 0", "GET", "SET K", "LMOVE K K LEFT",
        "DBSIZE M", "HSET K M", "SET site:test:transaction:t M", "DEL K site:test:counters",
        "RENAME K site:test:transaction_buffer",
    ]
}
