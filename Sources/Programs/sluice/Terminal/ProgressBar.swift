// SPDX-License-Identifier: MIT
import Glibc

/// A line on a terminal's standard error that is drawn over itself; nothing where there is no terminal.
struct ProgressBar {
    private static let cells = 30

    private let label: String
    private let isShown: Bool
    private var shown = ""

    init(_ label: String, isShown: Bool = Terminal.isTerminal(STDERR_FILENO)) {
        self.label = label
        self.isShown = isShown
    }

    mutating func update(_ done: Int, of total: Int) {
        guard isShown else { return }
        let line = Self.line(label, done, of: total)
        guard line != shown else { return }
        shown = line
        Terminal.write("\r" + line + "\u{1b}[K", to: STDERR_FILENO)
    }

    /// Leaves an empty line to what follows.
    mutating func clear() {
        guard !shown.isEmpty else { return }
        shown = ""
        Terminal.write("\r\u{1b}[K", to: STDERR_FILENO)
    }

    static func line(_ label: String, _ done: Int, of total: Int) -> String {
        let share = total > 0 ? min(1, max(0, Double(done) / Double(total))) : 1
        let filled = Int(share * Double(cells))
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: cells - filled)
        return "\(label) [\(bar)] \(Int(share * 100))% \(done)/\(total)"
    }
}
