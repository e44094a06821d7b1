// SPDX-License-Identifier: MIT

/// A Redis command as it stands on the wire: the name and its arguments, bytes all of them.
public struct Command: Sendable, Hashable {
    public var arguments: [[UInt8]]
    /// What the replies to this and the others that were asked for with it may hold together, in bytes; nil: whatever it
    /// is. A reply beyond it is ``CommandError/tooLarge``, and is not kept in memory on its way.
    public var replyBytesMax: Int?

    public init(_ arguments: [[UInt8]]) { self.arguments = arguments }

    public init(_ arguments: [[UInt8]], replyBytesMax: Int) {
        self.arguments = arguments
        self.replyBytesMax = replyBytesMax
    }

    /// A command of texts and numbers.
    public init(_ arguments: any CommandArgument...) { self.arguments = arguments.map(\.commandBytes) }

    /// The name in upper case; empty for an empty command.
    public var name: String {
        guard let first = arguments.first else { return "" }
        return String(decoding: first.map { $0 >= 0x61 && $0 <= 0x7A ? $0 - 0x20 : $0 }, as: UTF8.self)
    }
}

/// Anything that has a form as a command argument.
public protocol CommandArgument: Sendable {
    var commandBytes: [UInt8] { get }
}

extension String: CommandArgument {
    public var commandBytes: [UInt8] { Array(utf8) }
}

extension Int64: CommandArgument {
    public var commandBytes: [UInt8] { Array(String(self).utf8) }
}

extension Int: CommandArgument {
    public var commandBytes: [UInt8] { Array(String(self).utf8) }
}

extension [UInt8]: CommandArgument {
    public var commandBytes: [UInt8] { self }
}

/// A command's failure in the words of Redis: a prefix that programs match, and a text for people.
public struct CommandError: Error, Sendable, Hashable, CustomStringConvertible {
    /// `ERR`, `WRONGTYPE`, `NOPERM`, `EXECABORT`...
    public var prefix: String
    /// One sentence, without values and keys.
    public var message: String

    public init(_ prefix: String, _ message: String) {
        self.prefix = prefix
        self.message = message
    }

    public var description: String { "\(prefix) \(message)" }

    /// The reply was larger than ``Command/replyBytesMax``. What the command wrote is written.
    public static let tooLarge = CommandError("TOOLARGE", "the reply is larger than may be sent; ask for less")
}
