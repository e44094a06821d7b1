// SPDX-License-Identifier: MIT
#if Postgres
import MainDatabase
import PostgresConnection

/// The one table from SQLSTATE (<https://www.postgresql.org/docs/current/errcodes-appendix.html>) to our kinds.
extension DatabaseError {
    init(_ error: PostgresError) {
        let (kind, message) =
            error.isStalePlan
            ? (.contention, "The table changed; its statements are prepared anew.") : Self.classify(error.code)
        // Whatever a server says while it hangs up, it is away now.
        let isAway = error.endsConnection && (Self(kind, code: "", "").category != .outage)
        self.init(isAway ? .unavailable : kind, code: error.code, isAway ? Self.lost : message)
        if !isAway, let constraint = error.constraint { self = naming(constraint) }
    }

    private static let lost = "The connection to the database was lost."

    static func classify(_ code: String) -> (Kind, String) {
        single(code) ?? ofClass(String(code.prefix(2)))
    }

    /// Codes that mean something else than their class.
    private static func single(_ code: String) -> (Kind, String)? {
        switch code {
        case "08001": (.unavailable, "The database can't be reached: is it running, and is the address right?")
        case "08S01": (.unavailable, "The database did not answer in time.")
        case "08I01": (.unavailable, "The read is no longer wanted.")
        case "23505", "23P01": (.uniqueViolation, "A record with this key exists.")
        case "23503", "23001":
            (.foreignKeyViolation, "A foreign key names a record that does not exist, or is still named.")
        case "23502": (.notNullViolation, "A column that must have a value has none.")
        case "23514", "44000": (.checkViolation, "A check of the table is not fulfilled.")
        case "25006": (.unavailable, "The database is read-only.")
        case "25P03", "25P04": (.unavailable, "The database ended the transaction because it took too long.")
        case "42501": (.refused, "The database role may not do this.")
        case "428C9": (.invalidValue, "The database itself gives this column its values.")
        case "42P01", "42703", "3F000", "42P10", "42704", "42883", "42804", "42846", "42P18":
            (.schemaMismatch, "A table, column or key does not exist or is of another type.")
        case "3D000": (.unavailable, "The server has no database of this name.")
        case "53100": (.unavailable, "The database has no space left.")
        case "53300": (.unavailable, "The server has no connection left for us.")
        case "55P03", "55006": (.contention, "Another connection holds a lock on the database.")
        // Waiting for a lock ends earlier, with 55P03: this one is the statement's own time, and might be so for good.
        case "57014": (.unclassified, "The statement took longer than main.timeout.")
        case "26000", "72000": (.contention, "The session has changed; the same is tried again.")
        case "XX001", "XX002": (.unavailable, "The database is damaged.")
        default: nil
        }
    }

    private static func ofClass(_ name: String) -> (Kind, String) {
        switch name {
        case "08": (.unavailable, lost)
        case "22", "54": (.invalidValue, "A value does not fit its column.")
        case "23": (.refused, "A constraint of the database refused it.")
        case "09", "27", "P0", "2F", "38", "39": (.refused, "A trigger or rule of the database refused it.")
        case "28": (.unavailable, "The server refused the login: check user, password and pg_hba.conf.")
        case "40": (.contention, "Another transaction was in the way.")
        case "53": (.unavailable, "The server lacks what the database needs.")
        case "57": (.unavailable, "The server is starting up or shutting down.")
        case "58", "F0": (.unavailable, "The server's system reported an error.")
        default: (.unclassified, "The database reported an error that has no class.")
        }
    }
}
#endif
