// SPDX-License-Identifier: MIT
import Keyspace
import TransactionModel

/// Commands without keys.
enum ServerCommands {
    static let handlers: [String: CommandHandler] = [
        "PING": { _, arguments in
            try arguments.atMost(1)
            return arguments.isAtEnd ? .status("PONG") : .bulk(try arguments.bytes())
        },
        "ECHO": { .bulk(try $1.bytes()) },
        // Seconds and the microseconds within.
        "TIME": { tables, _ in
            let (seconds, fraction) = tables.now.microseconds.quotientAndRemainder(dividingBy: 1_000_000)
            return .bulks([seconds.commandBytes, fraction.commandBytes])
        },
    ]
}
