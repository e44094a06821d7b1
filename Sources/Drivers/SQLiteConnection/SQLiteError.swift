// SPDX-License-Identifier: MIT
import CSQLite
import Glibc

/// A failure of SQLite, to be classified by its code.
public struct SQLiteError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The extended result code, such as 2067 `SQLITE_CONSTRAINT_UNIQUE`.
    public var extendedCode: Int32
    /// `errno` of the system call behind an input/output failure; 0 when there was none.
    public var systemErrno: Int32
    /// SQLite's message. It may name tables, columns and files: never shown at info.
    public var detail: String

    public init(extendedCode: Int32, systemErrno: Int32 = 0, detail: String = "") {
        self.extendedCode = extendedCode
        self.systemErrno = systemErrno
        self.detail = detail
    }

    /// The last error of a connection whose call returned `code`.
    init(_ code: Int32, of connection: OpaquePointer?) {
        guard let connection else {
            self.init(extendedCode: code == SQLITE_OK ? SQLITE_MISUSE : code, detail: "the connection is closed")
            return
        }
        self.init(extendedCode: code, detail: String(cString: sqlite3_errmsg(connection)))
        // SQLite never clears it: for other codes it would be the errno of something else, long ago.
        if isIO || isCannotOpen || primaryCode == SQLITE_FULL { systemErrno = sqlite3_system_errno(connection) }
    }

    /// The code without its extension.
    public var primaryCode: Int32 { extendedCode & 0xFF }

    /// The code and SQLite's fixed words for it; no names, no values.
    public var description: String { "SQLite error \(extendedCode): \(String(cString: sqlite3_errstr(extendedCode)))" }
}

// MARK: Classes

extension SQLiteError {
    /// Another connection, or another statement of this one, holds a lock: worth trying again.
    public var isBusy: Bool { primaryCode == SQLITE_BUSY || primaryCode == SQLITE_LOCKED }

    /// No space: the disk, a quota, or the database's page limit.
    public var isFull: Bool {
        primaryCode == SQLITE_FULL || (isIO || isCannotOpen) && (systemErrno == ENOSPC || systemErrno == EDQUOT)
    }

    public var isIO: Bool { primaryCode == SQLITE_IOERR }

    /// fsync failed: what was written since the last one may be lost, and a later success proves nothing about it.
    public var isFsync: Bool { extendedCode == Extended.fsync || extendedCode == Extended.directoryFsync }

    /// The file is damaged, or no SQLite database.
    public var isCorrupt: Bool { primaryCode == SQLITE_CORRUPT || primaryCode == SQLITE_NOTADB }

    public var isCannotOpen: Bool { primaryCode == SQLITE_CANTOPEN }

    public var isReadOnly: Bool { primaryCode == SQLITE_READONLY }

    /// The program used SQLite against its rules, or after `close()`.
    public var isMisuse: Bool { primaryCode == SQLITE_MISUSE || primaryCode == SQLITE_RANGE }

    public var isInterrupted: Bool { primaryCode == SQLITE_INTERRUPT }

    public var isConstraint: Bool { primaryCode == SQLITE_CONSTRAINT }

    /// Which constraint refused the row; nil when it was none of these, or no constraint.
    public var constraint: Constraint? { isConstraint ? Constraint(rawValue: extendedCode >> 8) : nil }

    /// Kinds of constraint; the value is the extension of the code.
    public enum Constraint: Int32, Sendable {
        case check = 1
        case commitHook = 2
        case foreignKey = 3
        case function = 4
        case notNull = 5
        case primaryKey = 6
        /// `RAISE` in a trigger.
        case trigger = 7
        case unique = 8
        case virtualTable = 9
        case rowid = 10
        /// A value that a STRICT table does not take.
        case datatype = 12
    }

    /// Codes that are macros with shifts in C, which Swift does not import.
    private enum Extended {
        static let fsync = SQLITE_IOERR | 4 << 8
        static let directoryFsync = SQLITE_IOERR | 5 << 8
    }
}
