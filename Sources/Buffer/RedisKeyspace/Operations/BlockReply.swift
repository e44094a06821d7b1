// SPDX-License-Identifier: MIT
import Keyspace

/// What the replies to MULTI, operations and EXEC say together.
enum BlockReply: Equatable {
    case executed(ArraySlice<RESPValue>)
    case aborted
    case refused(index: Int, CommandError)
    /// Nothing ran, and not because of an operation.
    case failed(KeyspaceError)
    /// The replies are none of a block: nothing can be said about it, or about what the connection sends next.
    case broken

    init(_ replies: [RESPValue], to operations: [Operation]) {
        guard replies.count == operations.count + 2, replies[0] == .status(Array("OK".utf8)) else {
            self = .broken
            return
        }
        switch replies[replies.count - 1] {
        case .null: self = .aborted
        case .array(let values) where values.count == operations.count: self = .executed(values[...])
        case .error(let bytes):
            self = Self.refusal(replies[1...operations.count + 1].dropLast(), operations, ServerError(bytes))
        case .array, .status, .integer, .bulk: self = .broken
        }
    }

    private static func refusal(
        _ queued: ArraySlice<RESPValue>, _ operations: [Operation], _ verdict: ServerError
    ) -> BlockReply {
        for (index, (reply, operation)) in zip(queued, operations).enumerated() {
            guard case .error(let bytes) = reply else { continue }
            let error = ServerError(bytes)
            if let obstacle = operation.isProcedure ? error.procedureError : error.keyspaceError {
                return .failed(obstacle)
            }
            return .refused(index: index, error.commandError)
        }
        // EXEC itself was refused: the code of the reason stands at the end of its message, and nowhere else.
        let cause = verdict.message.firstRange(of: "because of: ").map { verdict.message[$0.upperBound...] }
        let error = cause.map { ServerError(Array($0.utf8)) } ?? verdict
        return .failed(error.condition == .aborted ? .discarded : error.keyspaceError ?? error.procedureError)
    }
}

extension KeyspaceError {
    fileprivate static let discarded = Self(.unavailable, "Redis discarded the block; nothing was done, try again.")
}
