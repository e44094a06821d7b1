// SPDX-License-Identifier: MIT
import Keyspace

/// Takes both sides through the same steps, and stops at the first difference.
struct Differential {
    /// What was done, to be reported.
    struct Counts {
        var steps = 0
        var commands = 0
        var errors = 0
        var executed = 0
        var aborted = 0
        var refused = 0
        var perished = 0
        var looks = 0
        /// Commands that succeeded at least once.
        var succeeded: Set<String> = []
    }

    /// The first reply that differs, and how it came to it.
    struct Difference: Error, CustomStringConvertible {
        var description: String
    }

    private var redis: Side
    private var embedded: Side
    private(set) var counts = Counts()
    private var recent: [String] = []
    private var commandsAtLastLook = 0
    private var longestStep: Duration = .zero

    private static let commandsBetweenLooks = 1000
    private static let recentMax = 10
    /// The wall clock may be set right while we measure with another.
    private static let clockSlack: Int64 = 5

    init(redis: Side, embedded: Side) {
        self.redis = redis
        self.embedded = embedded
    }

    mutating func run(_ step: Step) async throws {
        counts.steps += 1
        if case .reconnect(let number) = step {
            try await redis.reconnect(number)
            try await embedded.reconnect(number)
            return note(step, [])
        }
        let (first, second) = try await both(step)
        try compare(step, first, second)
        count(step, first)
        if case .chance(let command, _) = step { try await evenOut(command, first.replies[1], second.replies[1]) }
        if counts.commands >= commandsAtLastLook + Self.commandsBetweenLooks { try await lookAtEverything() }
    }

    /// Compares all keys with their types, contents and times.
    mutating func lookAtEverything() async throws {
        commandsAtLastLook = counts.commands
        counts.looks += 1
        let listing = Step.perform([Command("KEYS", "*")])
        let (first, second) = try await both(listing)
        try compare(listing, first, second)
        guard case .array(let keys)? = second.replies.first else { return }
        let looks = Step.perform(keys.flatMap { Self.looks(at: $0) })
        let (here, there) = try await both(looks)
        try compare(looks, here, there)
    }

    /// What is wrong for the type of a key is an error on both sides.
    private static func looks(at key: Reply) -> [Command] {
        guard case .bulk(let key) = key else { return [] }
        return [
            Command("TYPE", key), Command("PEXPIRETIME", key), Command("GET", key), Command("HGETALL", key),
            Command("LRANGE", key, 0, -1), Command("SMEMBERS", key), Command("ZRANGE", key, 0, -1, "WITHSCORES"),
        ]
    }

    // MARK: Both

    private mutating func both(_ step: Step) async throws -> (Outcome, Outcome) {
        let (redis, embedded) = (redis, embedded)
        let start = ContinuousClock.now
        async let first = redis.run(step)
        async let second = embedded.run(step)
        let outcomes = (try await first, try await second)
        if !step.waits { longestStep = max(longestStep, ContinuousClock.now - start) }
        return outcomes
    }

    /// SPOP took different members: each side loses those of the other too. The embedded one does all of it.
    private func evenOut(_ command: Command, _ redis: Reply, _ embedded: Reply) async throws {
        guard command.name == "SPOP" else { return }
        let (taken, wanted) = (Self.members(embedded), Self.members(redis))
        guard Set(taken) != Set(wanted) else { return }
        _ = try await self.embedded.keyspace.perform([
            Command(["SADD".commandBytes, command.arguments[1]] + taken),
            Command(["SREM".commandBytes, command.arguments[1]] + wanted),
        ])
    }

    private static func members(_ reply: Reply) -> [[UInt8]] {
        switch reply {
        case .bulk(let bytes): [bytes]
        case .array(let items): items.flatMap(members)
        default: []
        }
    }

    // MARK: Comparing

    private mutating func compare(_ step: Step, _ redis: Outcome, _ embedded: Outcome) throws {
        note(step, redis.replies)
        guard redis.readable == embedded.readable else {
            throw difference(step.title, redis.readable, embedded.readable)
        }
        if !redis.replies.isEmpty { try compare(step, redis.replies, embedded.replies) }
    }

    private func compare(_ step: Step, _ redis: [Reply], _ embedded: [Reply]) throws {
        // It was set in one step and is asked in another.
        let comparison = Comparison(
            keyOfRedis: .bulk("site:test:epoch".commandBytes),
            clockMilliseconds: 2 * longestStep.milliseconds + Self.clockSlack)
        for (index, command) in step.commands.enumerated() {
            let (first, second) = (redis[index], embedded[index])
            var isSame = comparison.areSame(first, second, to: command)
            if case .chance(_, let context) = step, command != context {
                isSame = comparison.arePossible(first, second, to: command, from: (redis[0], embedded[0]))
            }
            if case .iterate = step { isSame = comparison.areSameIterations(first, second, of: command) }
            guard isSame else {
                throw difference("\(step.title), [\(index)] \(command.readable)", first.readable, second.readable)
            }
        }
    }

    private func difference(_ place: String, _ redis: String, _ embedded: String) -> Difference {
        Difference(
            description: """
                step \(counts.steps): \(place)
                    Redis:    \(redis)
                    embedded: \(embedded)
                the last steps, with the replies of Redis:
                \(recent.joined(separator: "\n"))
                """)
    }

    // MARK: Notes

    private mutating func note(_ step: Step, _ replies: [Reply]) {
        let lines = step.commands.enumerated().map { index, command in
            "      [\(index)] \(command.readable) -> \(replies.indices.contains(index) ? replies[index].readable : "-")"
        }
        recent = recent.suffix(Self.recentMax - 1)
        recent.append((["  \(counts.steps) \(step.title)"] + lines).joined(separator: "\n"))
    }

    private mutating func count(_ step: Step, _ outcome: Outcome) {
        counts.commands += step.commands.count
        for (command, reply) in zip(step.commands, outcome.replies) {
            if case .error = reply {
                counts.errors += 1
                continue
            }
            counts.succeeded.insert(command.name)
        }
        switch outcome {
        case .execution(.executed): counts.executed += 1
        case .execution(.aborted): counts.aborted += 1
        case .execution(.refused): counts.refused += 1
        case .replies, .done: break
        }
        if case .perish(let commands) = step { counts.perished += commands.count }
    }
}

extension Duration {
    fileprivate var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
