// SPDX-License-Identifier: MIT

/// A key that exists, without its members.
struct Entry {
    let id: Int64
    let key: [UInt8]
    let type: ValueType
    /// Members; 0 for a string.
    var size: Int
    /// Milliseconds since 1970; nil: never.
    var expiresAt: Int64?
}

/// What a key holds. The raw value is what `entry.type` stores.
enum ValueType: Int64 {
    case string = 1
    case list = 2
    case set = 3
    case sortedSet = 4
    case hash = 5

    /// What TYPE answers.
    var name: String {
        switch self {
        case .string: "string"
        case .list: "list"
        case .set: "set"
        case .sortedSet: "zset"
        case .hash: "hash"
        }
    }
}
