// SPDX-License-Identifier: MIT
import SluiceClient

/// The operation failed: why, and what to try.
struct CommandFailure: Error {
    let message: String
    let hint: String

    init(_ message: String, try hint: String) {
        self.message = message
        self.hint = hint
    }

    static func hint(for error: SluiceClientError) -> String {
        switch error.kind {
        case .notFound: "sluice list"
        case .transactionConflict: "another transaction_id for other content"
        case .validationFailed, .invalidParams: "to correct what the message names"
        case .methodNotFound: "sluice call rpc.discover"
        case .resultTooLarge: "a smaller --limit"
        case .outcomeUnknown: "the same transaction again, with the same transaction_id"
        default: error.retryable ? "again in a moment, or: sluice health" : "sluice health"
        }
    }
}
