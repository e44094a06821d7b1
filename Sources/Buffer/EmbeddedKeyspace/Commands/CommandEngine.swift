// SPDX-License-Identifier: MIT
import Keyspace
import SQLiteConnection
import TransactionModel

/// Executes the ordinary commands on the tables of one SQLite connection. Lives on the writer thread; not Sendable.
///
/// It opens no transactions: who calls it decides what commits together. Commands that only read write nothing, not
/// even the removal of an expired key.
final class CommandEngine {
    private let tables: Tables

    /// The tables of ``schema`` must exist.
    init(connection: SQLiteConnection) { tables = Tables(connection) }

    /// Called with every key that a command modified. A command that changed nothing calls nothing.
    var onTouch: ([UInt8]) -> Void {
        get { tables.onTouch }
        set { tables.onTouch = newValue }
    }

    /// Called with every key that is removed because its time came, by a command that comes across it or by
    /// ``expire(keysMax:now:)``.
    var onExpire: ([UInt8]) -> Void {
        get { tables.onExpire }
        set { tables.onExpire = newValue }
    }

    /// Where SPOP, SRANDMEMBER and RANDOMKEY take their chance from.
    var random: any RandomNumberGenerator {
        get { tables.random }
        set { tables.random = newValue }
    }

    /// Runs one command at the moment `now`.
    ///
    /// What is wrong with the command is an `.error` reply that wrote nothing. Only the store's own faults throw; what
    /// the command wrote until then is half of it, and the caller rolls back.
    func run(_ command: Command, now: Timestamp) throws(SQLiteError) -> Reply {
        guard let specification = CommandTable.specification(of: command),
            let handler = Self.handlers[specification.name]
        else { return .error(.unsupported) }
        guard specification.takes(command.arguments.count) else { return .error(.wrongArity(of: specification.name)) }
        tables.begin(at: now, writing: specification.isWrite)
        do {
            var arguments = ArgumentReader(command)
            return try handler(tables, &arguments)
        } catch let error as CommandError {
            return .error(error)
        } catch let error as SQLiteError {
            if tables.isOverfull { return .error(.tooLarge) }
            throw error
        } catch {
            preconditionFailure("A command fails as a command or as SQLite does.")
        }
    }

    /// Active expiry: deletes at most `keysMax` expired keys, those that expired first.
    ///
    /// - Returns: How many; fewer than `keysMax` means that none is left.
    func expire(keysMax: Int, now: Timestamp) throws(SQLiteError) -> Int {
        tables.begin(at: now, writing: true)
        return try tables.removeExpired(keysMax: keysMax)
    }

    /// Whether the key exists and has not expired.
    func exists(_ key: [UInt8], now: Timestamp) throws(SQLiteError) -> Bool {
        tables.begin(at: now, writing: false)
        return try tables.find(key) != nil
    }

    /// The keys that have not expired. Walks an index: the time grows with their number.
    func keyCount(now: Timestamp) throws(SQLiteError) -> Int {
        tables.begin(at: now, writing: false)
        return try tables.keyCount()
    }
}

/// One command: reads its arguments, then works on the tables. Everything that may be wrong with the arguments or with
/// the type of a key is found before the first write.
typealias CommandHandler = @Sendable (_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply

extension CommandEngine {
    static let handlers: [String: CommandHandler] = [
        StringCommands.handlers, CounterCommands.handlers, KeyCommands.handlers, ExpiryCommands.handlers,
        ScanCommands.handlers, HashCommands.handlers, ListCommands.handlers, ListEditCommands.handlers,
        SetCommands.handlers, SetAlgebraCommands.handlers, SortedSetCommands.handlers, SortedSetAddCommands.handlers,
        SortedSetRangeCommands.handlers, ServerCommands.handlers,
    ].reduce(into: [:]) { $0.merge($1) { _, _ in preconditionFailure("A command has one handler.") } }
}
