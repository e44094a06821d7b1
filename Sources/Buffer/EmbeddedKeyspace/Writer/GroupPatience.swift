// SPDX-License-Identifier: MIT

/// Decides whether a group waits for those who were just answered. Pure.
///
/// Clients in a closed loop come back right after their answer. While an fsync takes long, a group that starts at once
/// leaves half of them to the next one, and every fsync serves half of those it could. Where an fsync is quick, starting
/// at once wins, because requests are prepared meanwhile.
struct GroupPatience {
    /// The longest wait.
    static let waitMax: Duration = .milliseconds(5)
    /// Fewer who were answered are not worth a wait.
    static let answeredMin = 8

    private let quickCommitMax: Duration
    private var answered = 0
    /// Smoothed time of a commit.
    private var commit: Duration = .zero

    /// - Parameter quickCommitMax: Below this a commit is quick.
    init(quickCommitMax: Duration) { self.quickCommitMax = quickCommitMax }

    mutating func committed(operations: Int, took: Duration) {
        answered = operations
        commit = commit * 0.75 + took * 0.25
    }

    /// Whether the next one will probably come alone, and its commit be quicker than two changes of thread: the last one
    /// was alone, and commits are quick. Not before the first one was measured.
    var isBestAlone: Bool { answered == 1 && commit < quickCommitMax }

    /// How many operations to wait for, and how long at most: half of a commit. Nil: start at once.
    func wait(waiting: Int) -> (operations: Int, atMost: Duration)? {
        guard commit >= quickCommitMax, answered >= Self.answeredMin else { return nil }
        return (answered + waiting, min(commit / 2, Self.waitMax))
    }
}
