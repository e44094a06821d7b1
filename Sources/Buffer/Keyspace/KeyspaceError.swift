// SPDX-License-Identifier: MIT

/// Why a keyspace could not answer at all. (A command that failed is a ``Reply/error(_:)``.)
public struct KeyspaceError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: Sendable, Hashable {
        /// The store can't be reached or opened; nothing was done.
        case unavailable
        /// More operations wait than the limit allows; nothing was done.
        case busy
        /// The store is full; nothing was done. What drains it still works.
        case full
        /// The operations were sent and their outcome can't be known.
        case outcomeUnknown
        /// The connection was closed, or lost with what it watched; nothing was done.
        case connectionLost
        /// The store's content is not what this program wrote, or of a newer version.
        case incompatible
    }

    public var code: Code
    /// One sentence that a person can act on, without values and keys.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
