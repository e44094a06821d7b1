// SPDX-License-Identifier: MIT
import Keyspace
import TransactionModel

/// The data of an ``InMemoryKeyspace``: strings, hashes and sets, and a version per key for WATCH. Nothing expires.
public struct InMemoryStore: Sendable {
    enum Value: Sendable {
        case string([UInt8])
        case hash([[UInt8]: [UInt8]])
        case set(Set<[UInt8]>)
    }

    private(set) var values: [[UInt8]: Value] = [:]
    private var versions: [[UInt8]: Int] = [:]
    private var accepted: [TransactionID: ContentHash] = [:]

    public func text(_ key: String) -> String? {
        guard case .string(let bytes) = values[Array(key.utf8)] else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    public mutating func set(_ key: String, _ value: String?) {
        store(value.map { .string(Array($0.utf8)) }, at: Array(key.utf8))
    }

    /// As if the key had been written with what it holds.
    public mutating func touch(_ key: String) { versions[Array(key.utf8), default: 0] += 1 }

    func version(_ key: [UInt8]) -> Int { versions[key, default: 0] }

    mutating func run(_ operation: Operation) -> Reply {
        switch operation {
        case .command(let command): run(command)
        case .accept(let accept): .accept(run(accept))
        case .claim: .claim([], foreign: [])
        case .advance(let advance): .advance(advance.changes.map { _ in .unknown })
        case .release: .release(ReleaseOutcome(released: 0))
        case .overlay: .overlay(OverlayPage(newest: 0))
        case .lease: .lease(.granted(lastToken: 0))
        case .adopt: .adopt(.gone)
        }
    }

    private mutating func run(_ accept: Accept) -> AcceptOutcome {
        switch accepted[accept.transactionID] {
        case nil:
            accepted[accept.transactionID] = accept.contentHash
            return .accepted
        case accept.contentHash: return .duplicate(status: .pending, generatedIDs: nil)
        case .some: return .conflict
        }
    }

    mutating func store(_ value: Value?, at key: [UInt8]) {
        values[key] = value
        versions[key, default: 0] += 1
    }
}
