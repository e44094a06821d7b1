// SPDX-License-Identifier: MIT
#if Postgres

/// Counts batches whose connection was lost: on the server they may still run, and even commit. The next batch waits
/// them out, so that the ledger that it reads is the last word. Pure.
struct LostBatches {
    private var lost = 0
    private var waitedFor = 0

    /// What a batch that begins now has to wait for; nil: nothing.
    var open: Int? { lost > waitedFor ? lost : nil }

    mutating func lose() { lost += 1 }

    /// A batch has waited for those that ``open`` named.
    mutating func settle(_ open: Int?) { waitedFor = max(waitedFor, open ?? 0) }
}
#endif
