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

    /// How many operations it counts for where the number of waiting ones is limited.
    var weight: Int {
        switch work {
        case .perform(let operations), .execute(let operations, _): operations.count
        case .watch, .forget, .maintain, .statistics, .backup, .close: 0
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
    /// Whether it may change the file. An unknown command changes nothing.
    var writes: Bool {
        switch self {
        case .command(let command): CommandTable.specification(of: command)?.isWrite ?? false
        case .accept, .claim, .advance, .release, .lease, .adopt: true
        case .overlay: false
        }
    }
}
