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

    /// Where no sidecar answered at the path; nil for what a sidecar has answered.
    init?(_ error: SluiceClientError, path: String) {
        switch error.kind {
        case .connectionFailed: self.init(CellText.safe(error.message), try: Self.hint(connecting: error.detail, path))
        // The client's own: an answer did not come.
        case .deadlineExceeded where error.code == 0:
            self.init(
                "\(error.kind.rawValue): The sidecar at \(CellText.safe(path)) gives no answer in time.",
                try: Self.hintForSilence)
        case .outcomeUnknown where error.code == 0:
            self.init(
                "\(error.kind.rawValue): The sidecar at \(CellText.safe(path)) gives no answer; what was asked may have taken effect.",
                try: Self.hint(for: error))
        default: return nil
        }
    }

    static let hintForSilence =
        "its log, and whether its process runs: it may be stopped or have too much to do; then a longer --timeout"

    private static func hint(connecting detail: String?, _ path: String) -> String {
        switch detail {
        case SluiceClientError.Detail.permission:
            "as the user that runs the sidecar, or set its socket.mode to 0660 and share a group with it"
        case SluiceClientError.Detail.pathLength, SluiceClientError.Detail.noSocket:
            "--socket with the path that `sluice serve` logs at its start"
        default: "sluice serve --socket \(CellText.safe(path))"
        }
    }

    static func hint(for error: SluiceClientError) -> String {
        switch error.kind {
        case .notFound: "sluice list"
        case .transactionConflict: "another transaction_id for other content"
        case .validationFailed, .invalidParams: "to correct what the message names"
        case .methodNotFound: "sluice call rpc.discover"
        case .resultTooLarge: "a smaller --limit"
        case .outcomeUnknown:
            "sluice health, then whether it took effect; only what has a transaction_id may be sent again without looking"
        default: error.retryable ? "again in a moment, or: sluice health" : "sluice health"
        }
    }
}
