// SPDX-License-Identifier: MIT
import SQLiteConnection

/// A documented key of the site, read from the tables as the Redis type it is.
///
/// Big ones are counted and read piece by piece in SQL; nothing is ever loaded whole that a site may have millions of.
enum SiteView {
    case string(any StringView)
    case list(any ListView)
    case set(any SetView)
    case sortedSet(any SortedSetView)
    case hash(any HashView)

    /// What TYPE answers.
    var typeName: String {
        switch self {
        case .string: "string"
        case .list: "list"
        case .set: "set"
        case .sortedSet: "zset"
        case .hash: "hash"
        }
    }

    /// As in Redis, a key without members is none.
    func exists() throws(SQLiteError) -> Bool {
        switch self {
        case .string(let view): try view.value() != nil
        case .list(let view): try view.count() > 0
        case .set(let view): try !view.members(offset: 0, limit: 1).isEmpty
        case .sortedSet(let view): try view.count() > 0
        case .hash(let view): try !view.entries(offset: 0, limit: 1).isEmpty
        }
    }
}

protocol StringView {
    func value() throws(SQLiteError) -> [UInt8]?
}

protocol ListView {
    func count() throws(SQLiteError) -> Int
    /// From the head.
    func items(offset: Int, limit: Int) throws(SQLiteError) -> [[UInt8]]
}

protocol SetView {
    func count() throws(SQLiteError) -> Int
    func contains(_ member: [UInt8]) throws(SQLiteError) -> Bool
    func members(offset: Int, limit: Int) throws(SQLiteError) -> [[UInt8]]
}

/// Ordered by score; members of the same score stand in order of acceptance.
protocol SortedSetView {
    func count() throws(SQLiteError) -> Int
    func count(in scores: ScoreRange) throws(SQLiteError) -> Int
    func members(
        in scores: ScoreRange?, reversed: Bool, offset: Int, limit: Int
    ) throws(SQLiteError) -> [ScoredMember]
    func score(of member: [UInt8]) throws(SQLiteError) -> Double?
    /// How many stand before it, from the lowest score on.
    func rank(of member: [UInt8]) throws(SQLiteError) -> Int?
}

protocol HashView {
    func count() throws(SQLiteError) -> Int
    func value(of field: [UInt8]) throws(SQLiteError) -> [UInt8]?
    func entries(offset: Int, limit: Int) throws(SQLiteError) -> [(field: [UInt8], value: [UInt8])]
}
