// SPDX-License-Identifier: MIT
import Keyspace
import SQLiteConnection

extension KeyspaceError {
    init(opening error: SQLiteError) {
        if error.isCorrupt {
            let reason = error.detail.isEmpty ? "it is damaged" : error.detail
            self.init(
                .incompatible,
                "The keyspace file can't be used: \(reason). Restore a backup, or mend keyspace.url; keep the file: what was acknowledged may be in it only."
            )
        } else if error.isBusy {
            self.init(.unavailable, "The keyspace file is in use by another process.")
        } else if error.isFull {
            self.init(.full, "The disk of the keyspace file is full.")
        } else {
            self.init(.unavailable, "The keyspace file can't be opened: \(error).")
        }
    }

    /// For those that come after the failure.
    init(stopping error: SQLiteError) {
        self.init(
            .unavailable, "The keyspace stopped because its file failed: \(error). Restart after checking the disk.")
    }

    /// For a job that was rolled back.
    init(running error: SQLiteError) {
        if error.isFull {
            self.init(.full, "The keyspace is full.")
        } else {
            self.init(.unavailable, "The keyspace file failed: \(error).")
        }
    }
}
