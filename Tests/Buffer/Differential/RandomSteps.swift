// SPDX-License-Identifier: MIT
import Keyspace
import SeededRandom

/// Draws steps, some of them in short stories: keys are watched, something happens, EXEC.
struct RandomSteps {
    private var commands: RandomCommands
    private var upcoming: [Step] = []
    private let connections: Int

    private static let batchMax = 40
    private static let blockMax = 12

    /// - Parameter connections: How many each side has, besides the shared one.
    init(seed: UInt64, connections: Int) {
        commands = RandomCommands(seed: seed)
        self.connections = connections
    }

    mutating func next() -> Step {
        if upcoming.isEmpty { upcoming = story() }
        return upcoming.removeFirst()
    }

    private mutating func story() -> [Step] {
        switch commands.random.integer(1...100) {
        case ...38: [.perform(batch(1...Self.batchMax))]
        case ...44: [.perform(batch(1...5), on: connection())]
        case ...58: [.execute(block(), on: commands.random.chance(50) ? connection() : nil)]
        case ...86: watchedStory()
        case ...91: [chance()]
        case ...95: [.iterate(commands.command(of: commands.random.pick(CommandTemplates.iterations)))]
        case ...98: [perish()]
        case 99: [.unwatch(on: connection())]
        default: [.reconnect(on: connection())]
        }
    }

    /// The keys are changed or not, by another connection, by the same, by time; a little is enough for that.
    private mutating func watchedStory() -> [Step] {
        let own = connection()
        let watched = keys()
        var story: [Step] = [.watch(watched, on: own)]
        if commands.random.chance(70) { commands.focus = watched }
        defer { commands.focus = [] }
        for _ in 0..<commands.random.integer(0...2) {
            switch commands.random.integer(1...100) {
            case ...45: story.append(.perform(batch(1...2)))
            case ...60: story.append(.perform(batch(1...2), on: own))
            case ...70: story.append(.perform(batch(1...2), on: connection()))
            case ...80: story.append(.execute(block(), on: nil))
            case ...88: story.append(perish())
            case ...95: story.append(.watch(keys(), on: own))
            default: story.append(.unwatch(on: own))
            }
        }
        return story + [.execute(block(), on: own)]
    }

    private mutating func batch(_ counts: ClosedRange<Int>) -> [Command] {
        (0..<commands.random.integer(counts)).flatMap { _ in commands.random.chance(2) ? [refused()] : command() }
    }

    /// Seldom with something that EXEC refuses, and with it all.
    private mutating func block() -> [Command] {
        var block: [Command] = []
        for _ in 0..<commands.random.integer(0...Self.blockMax) {
            block += command().filter { CommandTable.check($0) == nil }
        }
        if commands.random.chance(10) { block.insert(refused(), at: commands.random.integer(0...block.count)) }
        return block
    }

    private mutating func refused() -> Command {
        commands.command(of: commands.random.pick(CommandTemplates.refused))
    }

    private mutating func command() -> [Command] {
        let command = commands.next()
        // Redis counts an expired key until somebody looks at it; we do not.
        return command.name == "DBSIZE" ? [Self.lookAtEveryKey, command] : [command]
    }

    private static let lookAtEveryKey = Command(["EXISTS".commandBytes] + Vocabulary.keys)

    private mutating func chance() -> Step {
        let command = commands.command(of: commands.random.pick(CommandTemplates.chance))
        guard command.arguments.count > 1 else { return .chance(command, among: Command("KEYS", "*")) }
        return .chance(command, among: Command(["SMEMBERS".commandBytes, command.arguments[1]]))
    }

    /// Each key once: whether the first of two spans is over when the second comes would be up to the clock.
    private mutating func perish() -> Step {
        var list: [Command] = []
        for _ in 0..<commands.random.integer(1...4) {
            let command = commands.command(of: commands.random.pick(CommandTemplates.perishing))
            if !list.contains(where: { $0.arguments[1] == command.arguments[1] }) { list.append(command) }
        }
        return .perish(list)
    }

    private mutating func keys() -> [[UInt8]] { (0..<commands.random.integer(1...3)).map { _ in commands.key() } }

    private mutating func connection() -> Int { commands.random.integer(0...connections - 1) }
}
