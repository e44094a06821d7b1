// SPDX-License-Identifier: MIT
import Keyspace
import TransactionModel

/// The data of an ``InMemoryKeyspace``: strings and hashes, and a version per key for WATCH.
public struct InMemoryStore: Sendable {
    private enum Value: Sendable {
        case string([UInt8])
        case hash([[UInt8]: [UInt8]])
    }

    private var values: [[UInt8]: Value] = [:]
    private var versions: [[UInt8]: Int] = [:]
    private var accepted: [TransactionID: ContentHash] = [:]

    public func text(_ key: String) -> String? {
        guard case .string(let bytes) = values[Array(key.utf8)] else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    public mutating func set(_ key: String, _ value: String?) {
        store(value.map { .string(Array($0.utf8)) }, at: Array(key.utf8))
    }

    func version(_ key: [UInt8]) -> Int { versions[key, default: 0] }

    mutating func run(_ operation: Operation) -> Reply {
        switch operation {
        case .command(let command): run(command)
        case .accept(let accept): .accept(run(accept))
        case .claim: .claim([], foreign: [])
        case .advance(let advance): .advance(advance.changes.map { _ in .unknown })
        case .release: .release(ReleaseOutcome(released: 0))
        case .overlay: .overlay(OverlayPage())
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

    private mutating func run(_ command: Command) -> Reply {
        let arguments = command.arguments
        switch (command.name, arguments.count) {
        case ("SET", 3):
            store(.string(arguments[2]), at: arguments[1])
            return .status("OK")
        case ("GET", 2):
            switch values[arguments[1]] {
            case nil: return .null
            case .string(let bytes): return .bulk(bytes)
            case .hash: return .error(.wrongType)
            }
        case ("INCR", 2):
            return increment(arguments[1])
        case ("DEL", 2):
            let existed = values[arguments[1]] != nil
            if existed { store(nil, at: arguments[1]) }
            return .integer(existed ? 1 : 0)
        case ("HSET", 4):
            var hash: [[UInt8]: [UInt8]] = [:]
            switch values[arguments[1]] {
            case nil: break
            case .string: return .error(.wrongType)
            case .hash(let existing): hash = existing
            }
            let isNew = hash.updateValue(arguments[3], forKey: arguments[2]) == nil
            store(.hash(hash), at: arguments[1])
            return .integer(isNew ? 1 : 0)
        default:
            return .error(CommandError("ERR", "unknown command or wrong number of arguments"))
        }
    }

    private mutating func increment(_ key: [UInt8]) -> Reply {
        var number = 0
        switch values[key] {
        case nil: break
        case .hash: return .error(.wrongType)
        case .string(let bytes):
            guard let value = Int(String(decoding: bytes, as: UTF8.self)) else {
                return .error(CommandError("ERR", "value is not an integer"))
            }
            number = value
        }
        store(.string(Array(String(number + 1).utf8)), at: key)
        return .integer(Int64(number + 1))
    }

    private mutating func store(_ value: Value?, at key: [UInt8]) {
        values[key] = value
        versions[key, default: 0] += 1
    }
}

extension CommandError {
    fileprivate static let wrongType = CommandError("WRONGTYPE", "the key holds another type")
}
