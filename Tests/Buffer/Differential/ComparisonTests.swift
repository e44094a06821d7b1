// SPDX-License-Identifier: MIT
import Keyspace
import Testing

/// A comparison that forgives too much would find nothing.
@Suite("Comparing replies")
struct ComparisonTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var command: String
        var redis: Reply
        var embedded: Reply
        var areSame: Bool

        init(_ command: String, _ redis: Reply, _ embedded: Reply, _ areSame: Bool) {
            self.command = command
            self.redis = redis
            self.embedded = embedded
            self.areSame = areSame
        }

        var testDescription: String { "\(command): \(redis.readable) and \(embedded.readable)" }
    }

    private static func texts(_ words: String...) -> Reply { .array(words.map { .bulk(Array($0.utf8)) }) }
    private static func text(_ word: String) -> Reply { .bulk(Array(word.utf8)) }

    static let cases = [
        Case("GET k", .null, text(""), false), Case("GET k", text("a"), text("a "), false),
        Case("GET k", text("-0"), text("0"), false), Case("GET k", .status("OK"), text("OK"), false),
        Case("MGET k l", texts("a", "b"), texts("b", "a"), false),
        Case("SMEMBERS k", texts("a", "b"), texts("b", "a"), true),
        Case("SMEMBERS k", texts("a", "b"), texts("b", "b"), false),
        Case("HGETALL k", texts("a", "1", "b", "2"), texts("b", "2", "a", "1"), true),
        Case("HGETALL k", texts("a", "1", "b", "2"), texts("a", "2", "b", "1"), false),
        Case("KEYS *", texts("own", "a"), texts("a"), true), Case("KEYS *", texts("a"), texts("own", "a"), false),
        Case("DBSIZE", .integer(2), .integer(1), true), Case("DBSIZE", .integer(2), .integer(2), false),
        Case("SCAN 0", .array([text("0"), texts("a", "b")]), .array([text("0"), texts("b", "a")]), true),
        Case("SCAN 0", .array([text("0"), texts("a")]), .array([text("4"), texts("a")]), false),
        Case("ZRANGE k 0 -1 WITHSCORES", texts("a", "-0"), texts("a", "0"), true),
        Case("ZRANGE k 0 -1 WITHSCORES", texts("-0", "1"), texts("0", "1"), false),
        Case("ZRANGE k 0 -1", texts("a", "-0"), texts("a", "0"), false),
        Case("ZSCORE k m", text("-0"), text("0"), true),
        Case("PTTL k", .integer(5000), .integer(5011), true), Case("PTTL k", .integer(5000), .integer(5012), false),
        Case("PTTL k", .integer(5), .integer(-1), false), Case("PTTL k", .integer(-1), .integer(-2), false),
        Case("PEXPIRETIME k", .integer(4_000_000_000_000), .integer(4_000_000_000_001), false),
        Case("TTL k", .integer(5), .integer(6), true), Case("TTL k", .integer(5), .integer(7), false),
        Case("LLEN k", .integer(5), .integer(6), false),
        Case("TIME", texts("5", "999999"), texts("6", "4000"), true),
        Case("TIME", texts("5", "999999"), texts("6", "900000"), false),
        Case("GET k", .error(.err("a")), .error(.err("b")), false),
        Case("GET k", .error(.err("a")), .error(CommandError("WRONGTYPE", "a")), false),
        Case("EXPIRE k 1 x", .error(.err("Unsupported option x")), .error(.err("Unsupported option")), true),
    ]

    @Test("forgives order, chance and clocks, and nothing else", arguments: cases)
    func forgives(_ test: Case) {
        let comparison = Comparison(keyOfRedis: Self.text("own"), clockMilliseconds: 10)
        let command = Command(test.command.split(separator: " ").map { Array($0.utf8) })
        #expect(comparison.areSame(test.redis, test.embedded, to: command) == test.areSame)
    }

    @Test("holds chance to what there was to choose from")
    func chance() {
        let choices = (redis: Self.texts("a", "b", "c"), embedded: Self.texts("c", "b", "a"))
        func arePossible(_ redis: Reply, _ embedded: Reply, _ words: any CommandArgument...) -> Bool {
            Comparison().arePossible(redis, embedded, to: Command(words.map(\.commandBytes)), from: choices)
        }
        #expect(arePossible(Self.text("a"), Self.text("c"), "SPOP", "k"))
        #expect(!arePossible(Self.text("a"), Self.text("d"), "SPOP", "k"))
        #expect(!arePossible(Self.text("a"), .null, "SPOP", "k"))
        #expect(arePossible(Self.texts("a", "b"), Self.texts("c", "b"), "SPOP", "k", "2"))
        #expect(!arePossible(Self.texts("a", "b"), Self.texts("c"), "SPOP", "k", "2"))
        #expect(!arePossible(Self.texts("a", "b"), Self.texts("c", "c"), "SRANDMEMBER", "k", "2"))
        #expect(arePossible(Self.texts("a", "b"), Self.texts("c", "c"), "SRANDMEMBER", "k", "-2"))
    }

    @Test("counts an item once, however often an iteration shows it")
    func iterations() {
        func areSame(_ redis: Reply, _ embedded: Reply) -> Bool {
            Comparison().areSameIterations(redis, embedded, of: Command("HSCAN", "k", "0"))
        }
        #expect(areSame(Self.texts("a", "1", "b", "2", "a", "1"), Self.texts("b", "2", "a", "1")))
        #expect(!areSame(Self.texts("a", "1", "b", "2"), Self.texts("a", "1")))
        #expect(!areSame(Self.texts("a", "1"), Self.texts("a", "2")))
    }

    @Test("reads the scores of ZSCAN as numbers, its members as they are")
    func scoresOfIterations() {
        func areSame(_ redis: Reply, _ embedded: Reply) -> Bool {
            Comparison().areSameIterations(redis, embedded, of: Command("ZSCAN", "k", "0"))
        }
        #expect(areSame(Self.texts("a", "100000000000000000"), Self.texts("a", "1e+17")))
        #expect(!areSame(Self.texts("a", "100000000000000000"), Self.texts("a", "1e+18")))
        #expect(!areSame(Self.texts("1e17", "1"), Self.texts("100000000000000000", "1")))
    }
}

extension CommandError {
    fileprivate static func err(_ message: String) -> Self { Self("ERR", message) }
}
