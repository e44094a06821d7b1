// SPDX-License-Identifier: MIT

/// What this process knows of the history that the main database holds.
public enum Reconciliation: Sendable, Equatable {
    /// All that waits for the replicas was committed in this history, or was looked up in its ledger.
    case settled(DatabaseOrigin)
    /// It is this process that must look it up, and it has not yet.
    case due
    /// This process does not apply.
    case others
}
