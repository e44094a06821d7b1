// SPDX-License-Identifier: MIT

/// One reply of Redis, as it came: RESP2, the protocol a connection speaks until it asks for another.
enum RESPValue: Sendable, Equatable {
    /// `$-1` or `*-1`.
    case null

    /// A simple string such as `OK` or `QUEUED`.
    case status([UInt8])

    case integer(Int64)
    case bulk([UInt8])
    case array([RESPValue])

    /// The text of an error, from its code on, without the leading minus.
    case error([UInt8])
}
