// SPDX-License-Identifier: MIT

/// SplitMix64: the same seed, the same test.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    public mutating func integer(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    /// True `percent` times of a hundred.
    public mutating func chance(_ percent: Int) -> Bool { integer(1...100) <= percent }

    public mutating func pick<T>(_ list: [T]) -> T {
        guard let element = list.randomElement(using: &self) else { preconditionFailure("nothing to pick from") }
        return element
    }
}
