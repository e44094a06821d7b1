// SPDX-License-Identifier: MIT
import Keyspace

/// Reads a command's arguments one after the other, as what they are to be.
///
/// One that is missing is a syntax error: the number of arguments was checked before, so only an option can lack its
/// value.
struct ArgumentReader {
    private let arguments: [[UInt8]]
    private var next = 1

    init(_ command: Command) { arguments = command.arguments }

    /// The command's name as error texts show it.
    var name: String { Command([arguments[0]]).name.lowercased() }

    var count: Int { arguments.count - next }

    var isAtEnd: Bool { count == 0 }

    mutating func bytes() throws(CommandError) -> [UInt8] {
        guard next < arguments.count else { throw .syntax }
        defer { next += 1 }
        return arguments[next]
    }

    mutating func integer() throws(CommandError) -> Int64 {
        guard let value = Int64(redis: try bytes()) else { throw .notAnInteger }
        return value
    }

    /// An integer that counts or indexes something in memory.
    mutating func index() throws(CommandError) -> Int { Int(try integer()) }

    /// An index or count whose sign says something: it must have a counterpart of the other sign.
    mutating func symmetricIndex() throws(CommandError) -> Int {
        let value = try index()
        guard value != .min else { throw .outOfSymmetricRange }
        return value
    }

    /// A count of which Redis says what is wrong with it in words of its own.
    mutating func positiveCount() throws(CommandError) -> Int {
        guard let value = Int64(redis: try bytes()) else { throw .outOfPositiveRange }
        guard value >= 0 else { throw .outOfPositiveRange }
        return Int(value)
    }

    mutating func double() throws(CommandError) -> Double {
        guard let value = Double(redis: try bytes()) else { throw .notAFloat }
        return value
    }

    /// Takes the next argument if it is this word, in any case.
    mutating func take(_ word: StaticString) -> Bool {
        guard next < arguments.count, arguments[next].isWord(word) else { return false }
        next += 1
        return true
    }

    mutating func rest() -> ArraySlice<[UInt8]> {
        defer { next = arguments.count }
        return arguments[next...]
    }

    /// The rest as pairs; an odd number is the wrong number of arguments.
    mutating func pairs() throws(CommandError) -> [([UInt8], [UInt8])] {
        guard count.isMultiple(of: 2), count > 0 else { throw wrongArity }
        var pairs: [([UInt8], [UInt8])] = []
        pairs.reserveCapacity(count / 2)
        while !isAtEnd { pairs.append((try bytes(), try bytes())) }
        return pairs
    }

    /// For commands whose number of arguments can't be said by one arity.
    func atMost(_ countMax: Int) throws(CommandError) {
        guard count <= countMax else { throw wrongArity }
    }

    func end() throws(CommandError) {
        guard isAtEnd else { throw .syntax }
    }

    var wrongArity: CommandError { .wrongArity(of: name) }
}

extension [UInt8] {
    /// Whether these bytes are the word, given in upper case.
    func isWord(_ word: StaticString) -> Bool {
        guard count == word.utf8CodeUnitCount else { return false }
        return word.withUTF8Buffer { upper in
            zip(self, upper).allSatisfy { byte, letter in
                byte == letter || byte >= 0x61 && byte <= 0x7A && byte - 0x20 == letter
            }
        }
    }
}
