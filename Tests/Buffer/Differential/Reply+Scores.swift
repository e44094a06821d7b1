// SPDX-License-Identifier: MIT
import Keyspace

extension Reply {
    /// The reply with its scores in a form that does not depend on how Redis happens to store a sorted set: one way
    /// keeps the sign of zero, the other does not; and ZSCAN writes a large whole score with an exponent or without.
    func withPlainScores(of command: Command) -> Reply {
        guard command.name.first == "Z" else { return self }
        switch self {
        // A single string is a score, never a member.
        case .bulk: return positiveZero
        case .array(let items):
            let isScan = command.name == "ZSCAN"
            return .array(
                items.enumerated().map { index, item in
                    guard command.answersScore(at: index) else { return item }
                    return isScan ? item.plainNumber : item.positiveZero
                })
        default: return self
        }
    }

    private var positiveZero: Reply { self == .bulk(Array("-0".utf8)) ? .bulk(Array("0".utf8)) : self }

    private var plainNumber: Reply {
        guard case .bulk(let bytes) = self, let score = Double(String(decoding: bytes, as: UTF8.self)) else {
            return self
        }
        return .bulk((score + 0).description.commandBytes)
    }
}

extension Command {
    fileprivate func answersScore(at index: Int) -> Bool {
        switch name {
        case "ZMSCORE": true
        case "ZPOPMIN", "ZPOPMAX", "ZSCAN": !index.isMultiple(of: 2)
        default: arguments.contains { Command([$0]).name == "WITHSCORES" } && !index.isMultiple(of: 2)
        }
    }
}
