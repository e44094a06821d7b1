// SPDX-License-Identifier: MIT
public import Keyspace
public import ReentrantTransactions
public import TransactionModel

/// This room's way to the keyspace: everything atomic goes through the transaction core, errors come out as this room's.
public struct KeyspaceAccess: Sendable {
    /// What a client is told to wait when the buffer is full.
    public static let retryAfterFull: Duration = .seconds(1)
    /// What a client is told to wait when too much waits already.
    public static let retryAfterBusy: Duration = .milliseconds(50)

    public let core: TransactionCore
    public let keyspace: any Keyspace

    public init(core: TransactionCore, keyspace: any Keyspace) {
        self.core = core
        self.keyspace = keyspace
    }

    /// Runs operations in one transaction, or queues them in the one that is open.
    func transact(_ operations: [Operation]) async throws(BufferingError) -> Outcome {
        do {
            switch try await core.run(operations) {
            case .completed(let result):
                guard !result.aborted else {
                    throw BufferingError(.storeUnavailable, "the transaction was aborted; nothing was done, try again")
                }
                return .replies(result.replies)
            case .queued: return .queued
            }
        } catch {
            throw Self.translate(error)
        }
    }

    enum Outcome {
        case replies([Reply])
        /// The operations travel with the open transaction; their replies are elements of its result.
        case queued
    }

    /// Runs one operation outside any transaction.
    func perform(_ operation: Operation) async throws(BufferingError) -> Reply? {
        try await perform([operation]).first
    }

    /// Runs operations in order, each atomic by itself.
    ///
    /// What drains the buffer goes this way, and never through MULTI: at its memory limit Redis queues nothing, not even what
    /// would free memory.
    func perform(_ operations: [Operation]) async throws(BufferingError) -> [Reply] {
        do {
            return try await keyspace.perform(operations)
        } catch {
            throw Self.translate(error)
        }
    }

    /// Runs commands outside any transaction; a command's own failure is an `.internalError`, since all of them are ours.
    public func read(_ commands: [Command]) async throws(BufferingError) -> [Reply] {
        let replies = try await perform(commands.map { .command($0) })
        for case .error(let error) in replies {
            throw BufferingError(.internalError, "the store answered \(error.prefix) to a command of this program")
        }
        return replies
    }

    /// What stands at a key that holds a string; nil: there is none.
    public func value(of key: String) async throws(BufferingError) -> [UInt8]? {
        guard case .bulk(let bytes)? = try await read([Command("GET", key)]).first else { return nil }
        return bytes
    }

    /// What several commands answer at one moment.
    public func snapshot(_ commands: [Command]) async throws(BufferingError) -> [Reply] {
        guard case .replies(let replies) = try await transact(commands.map { .command($0) }) else {
            throw BufferingError(.operationMode, "what is to be read now can't wait for an open transaction")
        }
        return replies
    }

    /// The reply of a command that answers an integer.
    public func integer(_ arguments: any CommandArgument...) async throws(BufferingError) -> Int64 {
        guard case .integer(let value)? = try await read([Command(arguments.map(\.commandBytes))]).first else {
            return 0
        }
        return value
    }

    /// The reply of a command that answers transaction ids.
    public func members(_ arguments: any CommandArgument...) async throws(BufferingError) -> [TransactionID] {
        try await strings(Command(arguments.map(\.commandBytes))).compactMap {
            TransactionID(String(decoding: $0, as: UTF8.self))
        }
    }

    /// The reply of a command that answers an array of strings.
    func strings(_ command: Command) async throws(BufferingError) -> [[UInt8]] {
        guard case .array(let members)? = try await read([command]).first else { return [] }
        return members.compactMap { member in
            guard case .bulk(let bytes) = member else { return nil }
            return bytes
        }
    }

    /// Takes the oldest pending transactions; `foreign` is what another program pushed and the claim stopped at.
    public func claim(
        _ claim: Claim
    ) async throws(BufferingError) -> (transactions: [ClaimedTransaction], foreign: [[UInt8]]) {
        guard case .claim(let claimed, let foreign)? = try await perform(.claim(claim)) else {
            throw BufferingError(.internalError, "the store gave no answer to a claim")
        }
        return (claimed, foreign)
    }

    /// Asks for the right to process, prolongs it or gives it up.
    public func lease(_ request: LeaseRequest) async throws(BufferingError) -> LeaseOutcome {
        guard case .lease(let outcome)? = try await perform(.lease(request)) else {
            throw BufferingError(.internalError, "the store gave no answer to a lease request")
        }
        return outcome
    }

    /// Takes in what another program pushed.
    public func adopt(_ adoption: Adoption) async throws(BufferingError) -> AdoptionOutcome {
        guard case .adopt(let outcome)? = try await perform(.adopt(adoption)) else {
            throw BufferingError(.internalError, "the store gave no answer to an adoption")
        }
        return outcome
    }

    static func translate(_ error: any Error) -> BufferingError {
        switch error {
        case let error as BufferingError: return error
        case let error as KeyspaceError:
            switch error.code {
            case .unavailable, .connectionLost, .incompatible: return BufferingError(.storeUnavailable, error.message)
            case .busy: return BufferingError(.busy, error.message, retryAfter: retryAfterBusy)
            case .full: return BufferingError(.bufferFull, error.message, retryAfter: retryAfterFull)
            case .outcomeUnknown: return BufferingError(.outcomeUnknown, error.message)
            }
        case let error as TransactionError:
            let code: BufferingError.Code =
                switch error.code {
                case .conflictingContext: .conflictingContext
                case .operationMode, .scopeClosed, .futureUnresolved, .discarded, .aborted, .commandRefused, .blockFull,
                    .failed:
                    .operationMode
                }
            return BufferingError(code, error.message)
        case is CancellationError:
            return BufferingError(.storeUnavailable, "the request was cancelled before it was done")
        default: return BufferingError(.internalError, "an unexpected failure: \(type(of: error))")
        }
    }
}
