// SPDX-License-Identifier: MIT
import MainDatabase
import SQLiteConnection

/// Where a call of SQLite failed: the same code means different things there.
enum Place: CaseIterable {
    case open
    /// Compiling a statement. Ours have fixed shapes, so only a name that is not there can be wrong.
    case prepare
    case run
    case commit
}

/// The one table from SQLite's result codes to our kinds.
extension DatabaseError {
    init(_ error: SQLiteError, at place: Place) {
        let (kind, message) = Self.classify(error, place)
        self.init(kind, code: String(error.extendedCode), message)
        // "UNIQUE constraint failed: table.column": a name of the schema. What a trigger says may show values.
        guard error.constraint != nil else { return }
        if let name = error.detail.split(separator: Self.failed, maxSplits: 1).dropFirst().first {
            self = naming(String(name))
        }
    }

    private static let failed = "constraint failed: "

    private static func classify(_ error: SQLiteError, _ place: Place) -> (Kind, String) {
        if let constraint = error.constraint { return classify(constraint) }
        if place == .commit, let unknown = unknownCommit(error) { return unknown }
        switch error.primaryCode {
        case Primary.busy, Primary.locked, Primary.protocol, Primary.schema:
            return (.contention, "Another connection holds a lock on the database.")
        case Primary.full: return (.unavailable, "The database has no space left.")
        case Primary.readOnly: return (.unavailable, "The database is read-only.")
        case Primary.cannotOpen, Primary.permission: return (.unavailable, "The database file can't be opened.")
        case Primary.inputOutput: return (.unavailable, "The database file can't be read or written.")
        case Primary.corrupt, Primary.notADatabase:
            return (.unavailable, "The database file is damaged or no database.")
        case Primary.noMemory, Primary.noLargeFiles: return (.unavailable, "The system lacks what the database needs.")
        case Primary.interrupt: return (.unavailable, "The statement was interrupted.")
        case Primary.tooBig, Primary.mismatch: return (.invalidValue, "A value does not fit its column.")
        case Primary.error where place == .prepare: return (.schemaMismatch, "A table or column does not exist.")
        default: return (.unclassified, "The database reported an error that has no class.")
        }
    }

    private static func classify(_ constraint: SQLiteError.Constraint) -> (Kind, String) {
        switch constraint {
        case .unique, .primaryKey, .rowid: (.uniqueViolation, "A record with this key exists.")
        case .foreignKey: (.foreignKeyViolation, "A foreign key names a record that does not exist, or is still named.")
        case .notNull: (.notNullViolation, "A column that must have a value has none.")
        case .check: (.checkViolation, "A check of the table is not fulfilled.")
        case .datatype: (.invalidValue, "A value does not fit its column.")
        case .trigger, .function, .virtualTable, .commitHook:
            (.refused, "A trigger or rule of the database refused it.")
        }
    }

    /// Which failed COMMITs leave it open whether the transaction happened; nil: it did not.
    ///
    /// - BUSY, LOCKED: SQLite asks for its locks before it writes anything, and leaves the transaction open.
    /// - FULL, READONLY: the write that was refused comes before the point of no return, the last frame of the
    ///   write-ahead log or the end of the rollback journal. What was written before it does not count, also after a
    ///   crash.
    /// - IOERR, whichever: the last frame may be in the file although its write or sync failed, or the journal may be
    ///   gone although its directory was not synced. A crash decides. So does anything that has no reason to fail here.
    private static func unknownCommit(_ error: SQLiteError) -> (Kind, String)? {
        switch error.primaryCode {
        case Primary.busy, Primary.locked, Primary.full, Primary.readOnly: nil
        default: (.outcomeUnknown, "The commit failed in a way that does not tell whether it happened.")
        }
    }

    /// Result codes as <https://sqlite.org/rescode.html> lists them; this room does not import the C module.
    private enum Primary {
        static let error: Int32 = 1
        static let permission: Int32 = 3
        static let busy: Int32 = 5
        static let locked: Int32 = 6
        static let noMemory: Int32 = 7
        static let readOnly: Int32 = 8
        static let interrupt: Int32 = 9
        static let inputOutput: Int32 = 10
        static let corrupt: Int32 = 11
        static let full: Int32 = 13
        static let cannotOpen: Int32 = 14
        static let `protocol`: Int32 = 15
        static let schema: Int32 = 17
        static let tooBig: Int32 = 18
        static let mismatch: Int32 = 20
        static let noLargeFiles: Int32 = 22
        static let notADatabase: Int32 = 26
    }
}

extension SQLiteConnection {
    /// A step of one of our statements.
    ///
    /// One that was compiled earlier is compiled again by itself when the schema has changed; a name that is not there any
    /// more then fails in the run. Compiling it once more tells.
    func step(_ statement: SQLiteStatement) throws(DatabaseError) -> Bool {
        do throws(SQLiteError) {
            return try statement.step()
        } catch {
            throw DatabaseError(error, at: error.primaryCode == 1 && !compiles(statement.sql) ? .prepare : .run)
        }
    }
}

/// Runs calls of SQLite and classifies what they throw by the place.
func at<R>(_ place: Place, _ body: () throws(SQLiteError) -> R) throws(DatabaseError) -> R {
    do throws(SQLiteError) {
        return try body()
    } catch {
        throw DatabaseError(error, at: place)
    }
}
