// SPDX-License-Identifier: MIT
import Keyspace
import SeededRandom

/// Draws commands from ``CommandTemplates``, and damages some of them.
struct RandomCommands {
    var random: SeededGenerator
    /// Keys that are preferred to those of the families.
    var focus: [[UInt8]] = []
    private var homes = Vocabulary.keys
    private var isLowerCase = false
    private var lastSpan = 10_000_000

    private static let templates = CommandTemplates.all.flatMap { family in
        family.templates.map { (template: $0, homes: family.homes) }
    }
    private static let homePercent = 85
    private static let damagedPercent = 5
    private static let lowerCasePercent = 10

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// What both sides answer alike.
    mutating func next() -> Command {
        let (template, homes) = random.pick(Self.templates)
        let command = command(of: template, homes: homes)
        let drawn = random.chance(Self.damagedPercent) ? damaged(command) : command
        return Self.isUndefined(drawn) ? next() : drawn
    }

    /// Redis 7.0 negates a negative RANK, which the lowest of all integers overflows; later versions refuse it.
    private static func isUndefined(_ command: Command) -> Bool {
        command.name == "LPOS" && command.arguments.contains(Int64.min.commandBytes)
    }

    /// A command of this form, most of the keys in it from `homes`.
    mutating func command(of template: String, homes: [[UInt8]] = Vocabulary.keys) -> Command {
        self.homes = focus.isEmpty ? homes : focus
        isLowerCase = random.chance(Self.lowerCasePercent)
        return Command(template.split(separator: " ").flatMap { expanded(String($0)) })
    }

    mutating func key() -> [UInt8] { random.pick(Vocabulary.keys) }

    // MARK: Templates

    private mutating func expanded(_ token: String) -> [[UInt8]] {
        if token.hasPrefix("?") { return random.chance(50) ? expanded(String(token.dropFirst())) : [] }
        if token.contains("~") { return token.split(separator: "~").flatMap { expanded(String($0)) } }
        if token.hasPrefix("+"), token != "+inf" {
            return (0..<random.integer(1...3)).flatMap { _ in token.dropFirst().flatMap { expanded(String($0)) } }
        }
        if token.contains("|") { return expanded(random.pick(token.split(separator: "|").map(String.init))) }
        return [argument(token)]
    }

    private mutating func argument(_ token: String) -> [UInt8] {
        switch token {
        case "K": random.pick(random.chance(Self.homePercent) ? homes : Vocabulary.keys)
        case "M": random.pick(Vocabulary.members)
        // Mostly plain numbers: the wrong ones and the huge ones seldom lead anywhere.
        case "I": random.pick(random.chance(75) ? Vocabulary.smallIntegers : Vocabulary.integers)
        case "F": double(from: Vocabulary.doubles)
        case "L": double(from: Vocabulary.longDoubles)
        case "B": random.pick(Vocabulary.bounds)
        case "P": random.pick(Vocabulary.patterns)
        case "S": span(times: 1)
        case "D": span(times: 1000)
        case "T": random.pick(Vocabulary.moments)
        case "U": random.pick(Vocabulary.milliMoments)
        default: Array((isLowerCase ? token.lowercased() : token).utf8)
        }
    }

    private mutating func double(from odd: [[UInt8]]) -> [UInt8] {
        switch random.integer(0...3) {
        case 0: random.pick(odd)
        case 1: "\(Double.random(in: -1000...1000, using: &random))".commandBytes
        default: random.pick(Vocabulary.plainDoubles)
        }
    }

    /// Each span is another, by more than a test takes: which of two moments is later is not up to the clock.
    private mutating func span(times factor: Int) -> [UInt8] {
        if random.chance(30) { return random.pick(Vocabulary.oddSpans) }
        lastSpan += 1000
        return (lastSpan * factor).commandBytes
    }

    // MARK: Damage

    /// One argument more, one less or another one.
    private mutating func damaged(_ command: Command) -> Command {
        guard !Self.mustStayWhole.contains(command.name), command.arguments.count > 1 else { return command }
        var damaged = command
        switch random.integer(0...2) {
        case 0: damaged.arguments.removeLast()
        case 1: damaged.arguments.append(odd(for: command))
        default:
            let index = random.integer(1...command.arguments.count - 1)
            let isKey = Vocabulary.keys.contains(command.arguments[index])
            damaged.arguments[index] = isKey ? key() : odd(for: command)
        }
        return damaged
    }

    /// No number where it could be a span: a short one would be a matter of time.
    private mutating func odd(for command: Command) -> [UInt8] {
        if Self.takesSpan.contains(command.name) { return random.pick(Vocabulary.words) }
        let lists = [Vocabulary.words, Vocabulary.members, Vocabulary.integers, Vocabulary.doubles, Vocabulary.bounds]
        return random.pick(random.pick(lists))
    }

    private static let takesSpan: Set = ["SET", "SETEX", "PSETEX", "GETEX", "EXPIRE", "PEXPIRE"]
    /// Damaged, they could answer what is up to chance.
    private static let mustStayWhole: Set = ["SPOP", "SRANDMEMBER", "SCAN", "HSCAN", "SSCAN", "ZSCAN"]
}
