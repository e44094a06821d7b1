// SPDX-License-Identifier: MIT
public import JSON

/// What two transactions must share to be ordered against each other.
public struct ConflictKey: Sendable, Hashable {
    /// How a transaction uses what the key names.
    public enum Use: String, Sendable, Hashable {
        /// against everyone
        case exclusive = "x"
        /// writes some record of a model: against those who read the model by a query
        case writes = "w"
        /// reads a model by a query: against its writers
        case reads = "r"
        /// names a record by a foreign key: against whoever writes it
        case refers = "s"

        public static let all: [Use] = [.exclusive, .writes, .reads, .refers]

        public func conflicts(with other: Use) -> Bool {
            switch (self, other) {
            case (.exclusive, _), (_, .exclusive): true
            case (.writes, .reads), (.reads, .writes): true
            case (.writes, _), (.reads, _), (.refers, _): false
            }
        }

        /// One use that conflicts with whatever either does.
        func joined(with other: Use) -> Use {
            switch (self, other) {
            case (.refers, let use), (let use, .refers): use
            case (.writes, .writes): .writes
            case (.reads, .reads): .reads
            case (.exclusive, _), (_, .exclusive), (.writes, .reads), (.reads, .writes): .exclusive
            }
        }
    }

    /// `r:{model}:{id}` a record, `m:{model}` any record of a model, `u:{model}:{columns}:{hash}` a unique value,
    /// `o:{ordering_key}`, `i:{model}:w`, `i:{model}:s` for records that have two names (see ``ConflictKeySet``), and
    /// `c:{model}` for rows of a table with ``Table/hasComputedUniqueness``.
    public var name: ByteString
    public var use: Use

    public init(name: String, use: Use) {
        self.name = ByteString(name)
        self.use = use
    }

    /// It is held while its transaction failed. Not so where most who share it have nothing to do with one another: that
    /// orders those which run at the same time.
    public var canBeHeld: Bool { name.string.utf8.first != UInt8(ascii: "c") }

    public func conflicts(with other: ConflictKey) -> Bool { name == other.name && use.conflicts(with: other.use) }
}
