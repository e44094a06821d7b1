// SPDX-License-Identifier: MIT
public import Keyspace

/// The few commands that tests need, with the replies and errors of Redis.
extension InMemoryStore {
    public mutating func run(_ command: Command) -> Reply {
        let name = command.name
        guard command.arguments.count > 1 else { return .error(.unknown) }
        let key = command.arguments[1]
        let rest = Array(command.arguments.dropFirst(2))
        do throws(CommandError) {
            // The library's ?? throws untyped.
            if let reply = try runString(name, key, rest) { return reply }
            if let reply = try runHash(name, key, rest) { return reply }
            return try runSet(name, key, rest) ?? .error(.unknown)
        } catch {
            return .error(error)
        }
    }

    private mutating func runString(_ name: String, _ key: [UInt8], _ rest: [[UInt8]]) throws(CommandError) -> Reply? {
        switch (name, rest.count) {
        case ("SET", 1...):
            store(.string(rest[0]), at: key)
            return .status("OK")
        case ("GET", 0):
            return try string(key).map { .bulk($0) } ?? .null
        case ("INCR", 0):
            let text = try string(key).map { String(decoding: $0, as: UTF8.self) } ?? "0"
            guard let number = Int64(text) else { throw CommandError("ERR", "value is not an integer") }
            store(.string(Array(String(number + 1).utf8)), at: key)
            return .integer(number + 1)
        case ("EXISTS", 0):
            return .integer(values[key] == nil ? 0 : 1)
        case ("DEL", 0):
            let existed = values[key] != nil
            if existed { store(nil, at: key) }
            return .integer(existed ? 1 : 0)
        default: return nil
        }
    }

    private mutating func runHash(_ name: String, _ key: [UInt8], _ rest: [[UInt8]]) throws(CommandError) -> Reply? {
        switch (name, rest.count) {
        case ("HSET", 2...) where rest.count.isMultiple(of: 2):
            var hash = try hash(key)
            let count = hash.count
            for at in stride(from: 0, to: rest.count, by: 2) { hash[rest[at]] = rest[at + 1] }
            store(.hash(hash), at: key)
            return .integer(Int64(hash.count - count))
        case ("HDEL", 1...):
            var hash = try hash(key)
            let count = hash.count
            for field in rest { hash[field] = nil }
            if hash.count != count { store(hash.isEmpty ? nil : .hash(hash), at: key) }
            return .integer(Int64(count - hash.count))
        case ("HINCRBY", 2):
            var hash = try hash(key)
            let text = hash[rest[0]].map { String(decoding: $0, as: UTF8.self) } ?? "0"
            guard let number = Int64(text), let by = Int64(String(decoding: rest[1], as: UTF8.self)) else {
                throw CommandError("ERR", "hash value is not an integer")
            }
            hash[rest[0]] = Array(String(number + by).utf8)
            store(.hash(hash), at: key)
            return .integer(number + by)
        case ("HGET", 1):
            return try hash(key)[rest[0]].map { .bulk($0) } ?? .null
        case ("HMGET", 1...):
            let hash = try hash(key)
            return .array(rest.map { field in hash[field].map { .bulk($0) } ?? .null })
        case ("HGETALL", 0):
            let sorted = try hash(key).sorted { $0.key.lexicographicallyPrecedes($1.key) }
            return .array(sorted.flatMap { [.bulk($0.key), .bulk($0.value)] })
        case ("HLEN", 0):
            return .integer(Int64(try hash(key).count))
        default: return nil
        }
    }

    private mutating func runSet(_ name: String, _ key: [UInt8], _ rest: [[UInt8]]) throws(CommandError) -> Reply? {
        switch (name, rest.count) {
        case ("SADD", 1...):
            let set = try set(key)
            let larger = set.union(rest)
            if larger.count > set.count { store(.set(larger), at: key) }
            return .integer(Int64(larger.count - set.count))
        case ("SMEMBERS", 0):
            return .array(try set(key).sorted { $0.lexicographicallyPrecedes($1) }.map { .bulk($0) })
        default: return nil
        }
    }

    private func string(_ key: [UInt8]) throws(CommandError) -> [UInt8]? {
        switch values[key] {
        case nil: return nil
        case .string(let bytes): return bytes
        case .hash, .set: throw .wrongType
        }
    }

    private func hash(_ key: [UInt8]) throws(CommandError) -> [[UInt8]: [UInt8]] {
        switch values[key] {
        case nil: return [:]
        case .hash(let hash): return hash
        case .string, .set: throw .wrongType
        }
    }

    private func set(_ key: [UInt8]) throws(CommandError) -> Set<[UInt8]> {
        switch values[key] {
        case nil: return []
        case .set(let set): return set
        case .string, .hash: throw .wrongType
        }
    }
}

extension CommandError {
    fileprivate static let wrongType = CommandError("WRONGTYPE", "the key holds another type")
    fileprivate static let unknown = CommandError("ERR", "unknown command or wrong number of arguments")
}
