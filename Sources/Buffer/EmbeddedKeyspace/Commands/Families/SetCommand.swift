// SPDX-License-Identifier: MIT
import Keyspace

/// `SET key value [NX | XX] [GET] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]`
struct SetCommand {
    private let key: [UInt8]
    private let value: [UInt8]
    private var onlyIfMissing = false
    private var onlyIfPresent = false
    private var returnsPrevious = false
    private var keepsExpiry = false
    private var expiry: (ExpiryArgument, [UInt8])?

    private init(_ arguments: inout ArgumentReader) throws {
        key = try arguments.bytes()
        value = try arguments.bytes()
        while !arguments.isAtEnd {
            if !onlyIfPresent, arguments.take("NX") {
                onlyIfMissing = true
            } else if !onlyIfMissing, arguments.take("XX") {
                onlyIfPresent = true
            } else if arguments.take("GET") {
                returnsPrevious = true
            } else if expiry == nil, arguments.take("KEEPTTL") {
                keepsExpiry = true
            } else if !keepsExpiry, let option = ExpiryArgument.option(&arguments),
                expiry == nil || expiry?.0 == option
            {
                // The same one again counts, as in Redis.
                expiry = (option, try arguments.bytes())
            } else {
                throw CommandError.syntax
            }
        }
    }

    @Sendable static func run(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let command = try SetCommand(&arguments)
        let moment = try command.expiry.map { option, text in
            try option.positiveMoment(of: text, now: tables.milliseconds, in: arguments.name)
        }
        let previous: Reply? = command.returnsPrevious ? .optional(try tables.string(command.key)) : nil
        if command.onlyIfMissing || command.onlyIfPresent {
            let isPresent = try tables.find(command.key) != nil
            guard isPresent == command.onlyIfPresent else { return previous ?? .null }
        }
        try tables.setString(command.key, command.value, expiry: command.keepsExpiry ? .keep : .set(moment))
        return previous ?? .ok
    }
}
