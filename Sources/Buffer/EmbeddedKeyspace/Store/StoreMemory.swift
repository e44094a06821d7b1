// SPDX-License-Identifier: MIT
import TransactionModel

/// What the writer knows besides the file. A value: it is copied before a group and put back when the group is rolled back.
struct StoreMemory {
    var counters = Counters()
    var claims = ClaimLedger()
    /// No transaction below waits to be claimed.
    var claimFrom: Int64 = 0
    var watches = WatchTable()
    /// Who processes, and until when unless they prolong it.
    var lease: (holder: String, until: Timestamp)?
    /// The highest token that was confirmed.
    var leaseToken: Int64 = 0

    /// The transaction waits again, wherever it stood.
    mutating func waits(_ sequence: Int64) { claimFrom = min(claimFrom, sequence) }
}
