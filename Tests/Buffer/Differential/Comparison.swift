// SPDX-License-Identifier: MIT
import Keyspace

/// Whether two replies to a command are the same, as far as Redis promises one.
///
/// Sets and hashes have no order, chance has its choice, and what counts from now differs by as much as the two clocks
/// were read apart. Everything else is equal to the byte.
struct Comparison {
    /// A key by which the adapter for Redis recognises its server, and which the embedded keyspace does not need.
    var keyOfRedis: Reply?
    /// By how many milliseconds what was set or asked "from now" may differ.
    var clockMilliseconds: Int64 = 0

    func areSame(_ redis: Reply, _ embedded: Reply, to command: Command) -> Bool {
        switch (redis.withPlainScores(of: command), embedded.withPlainScores(of: command)) {
        case (.error(let first), .error(let second)): Self.areSame(first, second)
        case (.integer(let first), .integer(let second)) where command.name == "DBSIZE" && keyOfRedis != nil:
            first == second + 1
        case (.integer(let first), .integer(let second)):
            first == second || areNear(first, second, milliseconds(of: command.name))
        case (.array(let first), .array(let second)): areSame(first, second, command)
        case (let first, let second): first == second
        }
    }

    /// The same prefix, and the same text, in which ours does not repeat what was wrong.
    private static func areSame(_ redis: CommandError, _ embedded: CommandError) -> Bool {
        guard redis.prefix == embedded.prefix else { return false }
        if redis.message == embedded.message { return true }
        return embedded.message == "Unsupported option" && redis.message.hasPrefix(embedded.message + " ")
    }

    // MARK: Time

    private func milliseconds(of name: String) -> Int64? {
        switch name {
        case "TTL", "EXPIRETIME": 1000
        case "PTTL", "PEXPIRETIME": 1
        default: nil
        }
    }

    private func areNear(_ first: Int64, _ second: Int64, _ unit: Int64?) -> Bool {
        guard let unit, first > 0, second > 0 else { return false }
        // It was set to a moment, not to a span from now.
        if unit == 1, Vocabulary.exactMilliseconds.contains(first) { return false }
        // Rounding may add one of the unit.
        return (first - second).magnitude <= UInt64(clockMilliseconds / unit + 1)
    }

    // MARK: Order

    private func areSame(_ first: [Reply], _ second: [Reply], _ command: Command) -> Bool {
        switch command.name {
        case "KEYS": Self.groups(first.filter { $0 != keyOfRedis }, of: 1) == Self.groups(second, of: 1)
        case "HKEYS", "HVALS", "SMEMBERS", "SINTER", "SUNION", "SDIFF", "SPOP", "SRANDMEMBER":
            Self.groups(first, of: 1) == Self.groups(second, of: 1)
        case "HGETALL": Self.groups(first, of: 2) == Self.groups(second, of: 2)
        case "SCAN", "SSCAN": page(first, of: 1) == page(second, of: 1)
        case "HSCAN", "ZSCAN": page(first, of: 2) == page(second, of: 2)
        // Seconds and microseconds; the clock is one, and looked at twice.
        case "TIME": areMoments(first, second)
        default: first == second
        }
    }

    private func areMoments(_ first: [Reply], _ second: [Reply]) -> Bool {
        let moments = [first, second].map { parts -> Int64? in
            let numbers = parts.compactMap { part -> Int64? in
                guard case .bulk(let bytes) = part else { return nil }
                return Int64(String(decoding: bytes, as: UTF8.self))
            }
            guard numbers.count == 2, parts.count == 2, (0..<1_000_000).contains(numbers[1]) else { return nil }
            return numbers[0] * 1000 + numbers[1] / 1000
        }
        guard let one = moments[0], let other = moments[1] else { return false }
        return (one - other).magnitude <= UInt64(clockMilliseconds + 1)
    }

    /// A cursor and items.
    private func page(_ reply: [Reply], of size: Int) -> [[String]] {
        guard reply.count == 2, case .array(let items) = reply[1] else { return [reply.map(\.readable)] }
        return [[reply[0].readable]] + Self.groups(items.filter { $0 != keyOfRedis }, of: size)
    }

    private static func groups(_ items: [Reply], of size: Int) -> [[String]] {
        let words = items.map(\.readable)
        let groups = stride(from: 0, to: words.count, by: size).map { Array(words[$0..<min($0 + size, words.count)]) }
        return groups.sorted { $0.lexicographicallyPrecedes($1) }
    }
}

// MARK: Iterations

extension Comparison {
    /// Whether all pages together hold the same. Redis may show an item more than once.
    func areSameIterations(_ redis: Reply, _ embedded: Reply, of command: Command) -> Bool {
        guard case .array(let first) = redis.withPlainScores(of: command),
            case .array(let second) = embedded.withPlainScores(of: command)
        else {
            return areSame(redis, embedded, to: command)
        }
        let size = command.name == "HSCAN" || command.name == "ZSCAN" ? 2 : 1
        return Set(Self.groups(first.filter { $0 != keyOfRedis }, of: size)) == Set(Self.groups(second, of: size))
    }
}

// MARK: Chance

extension Comparison {
    /// Whether both answers of SPOP, SRANDMEMBER or RANDOMKEY are possible ones, of the same form.
    ///
    /// - Parameter choices: What there was to choose from, on either side.
    func arePossible(
        _ redis: Reply, _ embedded: Reply, to command: Command, from choices: (redis: Reply, embedded: Reply)
    ) -> Bool {
        switch (redis, embedded) {
        case (.bulk, .bulk):
            Self.isPossible([redis], to: command, from: choices.redis)
                && Self.isPossible([embedded], to: command, from: choices.embedded)
        case (.array(let first), .array(let second)):
            first.count == second.count && Self.isPossible(first, to: command, from: choices.redis)
                && Self.isPossible(second, to: command, from: choices.embedded)
        case (.bulk, .null): redis == keyOfRedis
        default: areSame(redis, embedded, to: command)
        }
    }

    private static func isPossible(_ chosen: [Reply], to command: Command, from choices: Reply) -> Bool {
        let mayRepeat = command.arguments.last?.first == UInt8(ascii: "-")
        guard chosen.allSatisfy(items(of: choices).contains) else { return false }
        return mayRepeat || Set(chosen.map(\.readable)).count == chosen.count
    }

    private static func items(of reply: Reply) -> [Reply] {
        guard case .array(let items) = reply else { return [] }
        return items
    }
}
