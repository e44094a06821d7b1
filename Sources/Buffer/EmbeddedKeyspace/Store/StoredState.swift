// SPDX-License-Identifier: MIT
import TransactionModel

/// Where a transaction stands, as its row has it. `processing` is no state of the row: it is a claim on a pending one.
enum StoredState: Int64 {
    case pending = 0
    case retrying = 1
    case committed = 2
    case replicated = 3
    case deadLetter = 4
    case cancelled = 5
    case discarded = 6

    func status(isClaimed: Bool) -> TransactionStatus {
        switch self {
        case .pending: isClaimed ? .processing : .pending
        case .retrying: .retrying
        case .committed: .committed
        case .replicated: .replicated
        case .deadLetter: .deadLetter
        case .cancelled: .cancelled
        case .discarded: .discarded
        }
    }
}
