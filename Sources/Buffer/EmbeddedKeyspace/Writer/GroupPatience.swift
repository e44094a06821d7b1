// SPDX-License-Identifier: MIT

/// Decides whether a group waits for those who were just answered. Pure.
///
/// Clients in a closed loop come back right after their answer. While an fsync takes long, a group that starts at once
/// leaves half of them to the next one, and every fsync serves half of those it could. Where an fsync is quick, starting
/// at once wins, because requests are prepared meanwhile.
struct GroupPatience {
    /// Below this a commit is quick: 1 ms.
    static let commitMin: Duration = .milliseconds(1)
    /// The longest wait.
    static let waitMax: Duration = .milliseconds(5)
    /// Fewer who were answered are not worth a wait.
    static let answeredMin = 8

    private var answered = 0
    /// Smoothed time of a commit.
    private var commit: Duration = .zero

    mutating func committed(operations: Int, took: Duration) {
        answered = operations
        commit = commit * 0.75 + took * 0.25
    }

    /// How many operations to wait for, and how long at most: half of a commit. Nil: start at once.
    func wait(waiting: Int) -> (operations: Int, atMost: Duration)? {
        guard commit >= Self.commitMin, answered >= Self.answeredMin else { return nil }
        return (answered + waiting, min(commit / 2, Self.waitMax))
    }
}
