// SPDX-License-Identifier: MIT
import Keyspace

// What Redis says, word for word.
extension CommandError {
    static let wrongType = Self("WRONGTYPE", "Operation against a key holding the wrong kind of value")
    static let syntax = err("syntax error")
    static let notAnInteger = err("value is not an integer or out of range")
    static let notAFloat = err("value is not a valid float")
    static let outOfPositiveRange = err("value is out of range, must be positive")
    static let outOfSymmetricRange = err("value is out of range, value must between -\(Int.max) and \(Int.max)")
    static let noSuchKey = err("no such key")
    static let indexOutOfRange = err("index out of range")
    static let offsetOutOfRange = err("offset is out of range")
    static let stringTooLong = err("string exceeds maximum allowed size (proto-max-bulk-len)")
    static let overflow = err("increment or decrement would overflow")
    static let notARange = err("min or max is not a float")
    static let scoreNotANumber = err("resulting score is not a number (NaN)")

    static func invalidExpiry(in name: String) -> Self { err("invalid expire time in '\(name)' command") }

    static func err(_ message: String) -> Self { Self("ERR", message) }
}
