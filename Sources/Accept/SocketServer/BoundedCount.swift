// SPDX-License-Identifier: MIT
internal import Synchronization

/// How many of something there are at once, over all threads, never more than a limit.
final class BoundedCount: Sendable {
    private let countMax: Int
    private let count = Atomic(0)

    var current: Int { count.load(ordering: .relaxed) }

    init(countMax: Int) {
        precondition(countMax > 0, "a limit lets at least one in")
        self.countMax = countMax
    }

    /// False, and nothing counted, at the limit.
    func enter() -> Bool {
        let entered = count.add(1, ordering: .relaxed).newValue
        if entered <= countMax { return true }
        leave()
        return false
    }

    func leave() {
        count.subtract(1, ordering: .relaxed)
    }
}
