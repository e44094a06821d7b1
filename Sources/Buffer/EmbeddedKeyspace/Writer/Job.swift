// SPDX-License-Identifier: MIT
import Keyspace

/// What waits for the writer: what to do, and whom to tell.
struct Job: Sendable {
    enum Work: Sendable {
        /// Operations that do not hinder one another.
        case perform([Operation])
        /// Operations that are one; `connection` is whose watches decide.
        case execute([Operation], connection: Int?)
        case watch([[UInt8]], connection: Int)
        case forget(connection: Int)
        /// Removes what has expired and rebuilds the reserve.
        case maintain
        case statistics
        case backup(path: String)
        case close
    }

    enum Answer: Sendable {
        case replies([Reply])
        case execution(Execution)
        case statistics(KeyspaceStatistics)
        case done
    }

    typealias Result = Swift.Result<Answer, KeyspaceError>

    let work: Work
    let recipient: Recipient
    /// How many operations it counts for where the number of waiting ones is limited.
    let weight: Int
    /// What it brings, roughly what it adds to the log.
    let bytes: Int

    init(work: Work, recipient: Recipient) {
        self.work = work
        self.recipient = recipient
        switch work {
        case .perform(let operations), .execute(let operations, _):
            weight = operations.count
            bytes = operations.reduce(0) { $0 + $1.bytes }
        case .watch, .forget, .maintain, .statistics, .backup, .close: (weight, bytes) = (0, 0)
        }
    }

    /// Whom to tell.
    enum Recipient: Sendable {
        case task(UnsafeContinuation<Result, Never>)
        case closure(@Sendable (Result) -> Void)
    }

    func answer(_ result: Result) {
        switch recipient {
        case .task(let continuation): continuation.resume(returning: result)
        case .closure(let closure): closure(result)
        }
    }

    /// It needs the connection for itself, outside any group.
    var standsAlone: Bool {
        switch work {
        case .backup, .close: true
        case .perform, .execute, .watch, .forget, .maintain, .statistics: false
        }
    }

    var writes: Bool {
        switch work {
        case .perform(let operations), .execute(let operations, _): operations.contains(where: \.writes)
        case .watch, .forget, .statistics: false
        case .maintain, .backup, .close: true
        }
    }
}

extension Operation {
    /// Of payloads and arguments.
    var bytes: Int {
        switch self {
        case .accept(let accept): accept.payload.count
        case .command(let command): command.arguments.reduce(0) { $0 + $1.count }
        case .advance(let advance):
            advance.changes.reduce(0) { sum, change in
                guard case .requeued(_, let revision?) = change else { return sum }
                return sum + revision.payload.count
            }
        case .claim, .release, .lease, .overlay, .adopt: 0
        }
    }

    /// Whether it may change the file. An unknown command changes nothing.
    var writes: Bool {
        switch self {
        case .command(let command): CommandTable.specification(of: command)?.isWrite ?? false
        case .accept, .claim, .advance, .release, .lease, .adopt: true
        case .overlay: false
        }
    }
}
