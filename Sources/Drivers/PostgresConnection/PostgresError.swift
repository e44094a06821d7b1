// SPDX-License-Identifier: MIT
#if Postgres

/// A failure of PostgreSQL or of the connection to it, to be classified by its code.
public struct PostgresError: Error, Sendable, Hashable, CustomStringConvertible {
    /// SQLSTATE: the server's, or one of class 08 for what happens on this side of the connection.
    public var code: String
    /// Nothing more can be done on this connection.
    public var endsConnection: Bool
    /// A prepared statement was out of date, and is forgotten: the same text is prepared anew when it comes again.
    public var isStalePlan = false
    /// The constraint that was violated, or the column where a constraint has no name; a name of the schema, no value.
    public var constraint: String?

    public init(code: String, endsConnection: Bool) {
        self.code = code
        self.endsConnection = endsConnection
    }

    /// Can't be reached, or did not let us in and gave no reason with a code.
    static let cannotConnect = PostgresError(code: "08001", endsConnection: true)
    /// Was closed or reset in the middle.
    static let lost = PostgresError(code: "08006", endsConnection: true)
    /// Nothing was heard for longer than the limit.
    static let silent = PostgresError(code: "08S01", endsConnection: true)
    /// ``PostgresInterrupt/interrupt()`` was called.
    static let interrupted = PostgresError(code: "08I01", endsConnection: true)

    /// A prepared statement keeps the types of its parameters over a change of its table's: then a value may not fit the
    /// parameter although it fits the column, or no assignment or operator may lead from the one to the other.
    var mayComeOfOldTypes: Bool {
        code.hasPrefix("22") || ["42804", "42846", "42883", "42P18"].contains(code)
    }

    public var isInterruption: Bool { self == .interrupted }

    /// The code alone; no names, no values, and nothing of the connection string.
    public var description: String { "PostgreSQL error \(code)" }

    /// The SQLSTATE that libpq puts at the end of a line of its message when it is asked for codes only; nil when the
    /// failure was on this side.
    static func code(in message: String) -> String? {
        for line in message.utf8.split(separator: UInt8(ascii: "\n")).reversed() {
            let tail = line.suffix(7)
            guard tail.count == 7, tail.starts(with: ": ".utf8) || tail.starts(with: "  ".utf8) else { continue }
            let code = tail.dropFirst(2)
            if code.allSatisfy(isCodeByte) { return String(decoding: code, as: UTF8.self) }
        }
        return nil
    }

    private static func isCodeByte(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }
}
#endif
