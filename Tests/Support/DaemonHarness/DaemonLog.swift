// SPDX-License-Identifier: MIT
import Foundation

/// What a daemon says on stderr, read by a thread of its own, so that the daemon never blocks on it.
public final class DaemonLog: @unchecked Sendable {  // everything mutable is behind the condition
    /// Lines that are kept for a failure's message.
    private static let linesMax = 200

    private let condition = NSCondition()
    private var lines: [String] = []
    private var isReady = false
    private var isEnded = false

    init(_ reader: LineReader) {
        Thread.detachNewThread { [self] in
            while let line = reader.next() { add(line) }
            change { isEnded = true }
        }
    }

    /// The last lines.
    public var tail: String { change { lines.joined(separator: "\n") } }

    /// True when the daemon listens; false when it ended before, or the time was over.
    func waitUntilReady(_ timeout: TimeInterval) -> Bool {
        wait(timeout) { isReady || isEnded }
        return change { isReady }
    }

    /// True when the daemon has closed its stderr: it is gone.
    func waitUntilEnd(_ timeout: TimeInterval) -> Bool {
        wait(timeout) { isEnded }
        return change { isEnded }
    }

    private func add(_ line: String) {
        change {
            lines.append(line)
            if lines.count > Self.linesMax { lines.removeFirst() }
            if line.hasSuffix(" ready") { isReady = true }
        }
    }

    private func wait(_ timeout: TimeInterval, until isMet: () -> Bool) {
        let end = Date(timeIntervalSinceNow: timeout)
        condition.lock()
        defer { condition.unlock() }
        while !isMet(), condition.wait(until: end) {}
    }

    private func change<R>(_ body: () -> R) -> R {
        condition.lock()
        defer {
            condition.broadcast()
            condition.unlock()
        }
        return body()
    }
}
