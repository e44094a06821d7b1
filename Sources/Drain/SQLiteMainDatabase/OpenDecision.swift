// SPDX-License-Identifier: MIT
import MainDatabase

/// What to do with the connection before a call, given what the path names now.
///
/// A file that was there once is never created again while the process runs: an unmounted directory looks like one
/// without a database, and an empty database in its place would fail every transaction for want of tables.
struct OpenDecision {
    /// Whether a missing file may be created.
    let mayCreate: Bool
    private(set) var hasBeenSeen = false
    /// The file of the open connection.
    private(set) var open: FileIdentity?

    enum Action: Equatable {
        case use
        /// Close what is open, then open the existing file.
        case openExisting
        case create
        /// Close what is open and answer this.
        case fail(DatabaseError)
    }

    init(mayCreate: Bool) { self.mayCreate = mayCreate }

    func action(for file: FileIdentity.Lookup) -> Action {
        switch file {
        case .present(let identity): return identity == open ? .use : .openExisting
        case .missing where mayCreate && !hasBeenSeen: return .create
        case .missing: return .fail(DatabaseError(.unavailable, code: "ENOENT", "The database file does not exist."))
        case .unknown(let code):
            return .fail(DatabaseError(.unavailable, code: "errno \(code)", "The database file can't be reached."))
        }
    }

    /// A connection was opened; `file` was looked up afterwards.
    mutating func opened(_ file: FileIdentity) {
        open = file
        hasBeenSeen = true
    }

    mutating func closed() { open = nil }
}
