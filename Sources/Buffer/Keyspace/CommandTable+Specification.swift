// SPDX-License-Identifier: MIT

/// What is known of a command without looking at its options.
public struct CommandSpecification: Sendable, Hashable {
    /// In upper case.
    public let name: String
    /// As Redis counts it: the name included; negative: at least that many.
    public let arity: Int
    /// Whether it may change the keyspace.
    public let isWrite: Bool
    private let positions: KeyPositions

    /// Where the keys stand among the arguments; `last` counts from the end when it is negative.
    struct KeyPositions: Sendable, Hashable {
        var first: Int
        var last: Int
        var step: Int

        static let none = Self(first: 0, last: 0, step: 1)
        static let first = Self(first: 1, last: 1, step: 1)
        static let firstTwo = Self(first: 1, last: 2, step: 1)
        static let all = Self(first: 1, last: -1, step: 1)
        static let pairs = Self(first: 1, last: -1, step: 2)
    }

    private init(_ name: String, _ arity: Int, isWrite: Bool, _ positions: KeyPositions) {
        self.name = name
        self.arity = arity
        self.isWrite = isWrite
        self.positions = positions
    }

    static func read(_ name: String, _ arity: Int, keys: KeyPositions = .first) -> Self {
        Self(name, arity, isWrite: false, keys)
    }

    static func write(_ name: String, _ arity: Int, keys: KeyPositions = .first) -> Self {
        Self(name, arity, isWrite: true, keys)
    }

    /// Whether a command of so many arguments, the name included, is well-formed as far as the number goes.
    public func takes(_ count: Int) -> Bool { arity < 0 ? count >= -arity : count == arity }

    /// The keys the command names, in its order. (What a pattern matches is not named.)
    public func keys(of command: Command) -> [[UInt8]] {
        guard positions.first > 0 else { return [] }
        let end = positions.last < 0 ? command.arguments.count + positions.last : positions.last
        let indices = stride(from: positions.first, through: end, by: positions.step)
        return indices.filter(command.arguments.indices.contains).map { command.arguments[$0] }
    }
}
