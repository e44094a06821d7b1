// SPDX-License-Identifier: MIT

// The table itself, a family at a time.
extension CommandSpecification {
    static let strings: [Self] = [
        .read("GET", 2), .write("SET", -3), .write("SETNX", 3), .write("SETEX", 4), .write("PSETEX", 4),
        .write("GETSET", 3), .write("GETDEL", 2), .write("GETEX", -2), .read("MGET", -2, keys: .all),
        .write("MSET", -3, keys: .pairs), .write("MSETNX", -3, keys: .pairs), .write("APPEND", 3), .read("STRLEN", 2),
        .read("GETRANGE", 4), .write("SETRANGE", 4), .write("INCR", 2), .write("DECR", 2), .write("INCRBY", 3),
        .write("DECRBY", 3), .write("INCRBYFLOAT", 3),
    ]

    static let keyspace: [Self] = [
        .write("DEL", -2, keys: .all), .write("UNLINK", -2, keys: .all), .read("EXISTS", -2, keys: .all),
        .read("TOUCH", -2, keys: .all), .write("EXPIRE", -3), .write("PEXPIRE", -3), .write("EXPIREAT", -3),
        .write("PEXPIREAT", -3), .read("TTL", 2), .read("PTTL", 2), .read("EXPIRETIME", 2), .read("PEXPIRETIME", 2),
        .write("PERSIST", 2), .read("TYPE", 2), .write("RENAME", 3, keys: .firstTwo),
        .write("RENAMENX", 3, keys: .firstTwo), .write("COPY", -3, keys: .firstTwo), .read("KEYS", 2, keys: .none),
        .read("SCAN", -2, keys: .none), .read("RANDOMKEY", 1, keys: .none), .read("DBSIZE", 1, keys: .none),
    ]

    static let hashes: [Self] = [
        .write("HSET", -4), .write("HSETNX", 4), .write("HMSET", -4), .read("HGET", 3), .read("HMGET", -3),
        .read("HGETALL", 2), .write("HDEL", -3), .read("HEXISTS", 3), .read("HLEN", 2), .read("HKEYS", 2),
        .read("HVALS", 2), .write("HINCRBY", 4), .write("HINCRBYFLOAT", 4), .read("HSTRLEN", 3), .read("HSCAN", -3),
    ]

    static let lists: [Self] = [
        .write("LPUSH", -3), .write("RPUSH", -3), .write("LPUSHX", -3), .write("RPUSHX", -3), .write("LPOP", -2),
        .write("RPOP", -2), .read("LLEN", 2), .read("LRANGE", 4), .read("LINDEX", 3), .write("LSET", 4),
        .write("LREM", 4), .write("LTRIM", 4), .write("LINSERT", 5), .write("LMOVE", 5, keys: .firstTwo),
        .write("RPOPLPUSH", 3, keys: .firstTwo), .read("LPOS", -3),
    ]

    static let sets: [Self] = [
        .write("SADD", -3), .write("SREM", -3), .read("SISMEMBER", 3), .read("SMISMEMBER", -3), .read("SMEMBERS", 2),
        .read("SCARD", 2), .write("SPOP", -2), .read("SRANDMEMBER", -2), .write("SMOVE", 4, keys: .firstTwo),
        .read("SINTER", -2, keys: .all), .read("SUNION", -2, keys: .all), .read("SDIFF", -2, keys: .all),
        .write("SINTERSTORE", -3, keys: .all), .write("SUNIONSTORE", -3, keys: .all),
        .write("SDIFFSTORE", -3, keys: .all), .read("SSCAN", -3),
    ]

    static let sortedSets: [Self] = [
        .write("ZADD", -4), .write("ZREM", -3), .read("ZSCORE", 3), .read("ZMSCORE", -3), .write("ZINCRBY", 4),
        .read("ZCARD", 2), .read("ZCOUNT", 4), .read("ZRANGE", -4), .read("ZRANGEBYSCORE", -4), .read("ZREVRANGE", -4),
        .read("ZREVRANGEBYSCORE", -4), .read("ZRANK", 3), .read("ZREVRANK", 3), .write("ZPOPMIN", -2),
        .write("ZPOPMAX", -2), .write("ZREMRANGEBYRANK", 4), .write("ZREMRANGEBYSCORE", 4), .read("ZSCAN", -3),
    ]

    static let server: [Self] = [
        .read("PING", -1, keys: .none), .read("ECHO", 2, keys: .none), .read("TIME", 1, keys: .none),
    ]
}
