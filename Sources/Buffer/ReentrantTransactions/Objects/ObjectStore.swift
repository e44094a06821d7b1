// SPDX-License-Identifier: MIT
public import Keyspace
import Synchronization

/// Objects as hashes, with fields whose values no two objects of a kind share.
///
///     let customers = ObjectStore(core: core)
///     let customer = ObjectKey("customer", 1)
///     try await customers.create(customer, ["email": "test@example.com"], unique: ["email"])
///     try await core.execute { connection in
///         try await connection("HINCRBY", customer.hash, "logins", 1)
///     }
///
/// A write reads first (does the object exist, who has the value), so it is refused inside a block, where reads give
/// futures: `operationMode`. Then it writes in a transaction of its own, WATCH, MULTI and EXEC on one connection: of two
/// that create the same object or the same unique value at once, one wins and the other finds it there. It needs a
/// handler that can hold a connection, the provider or create handler; others throw `operationMode`.
///
/// A field once declared unique is unique for its kind from then on, whether a later write names it or not. Objects that
/// were saved before enter the index with their next save. Commands on the hash itself don't maintain the index.
///
/// Every write throws ``ObjectError``, ``TransactionError``, `CommandError` (`WRONGTYPE`: the key holds something else),
/// `KeyspaceError`, `CancellationError`; nothing was written then, save with `KeyspaceError` `outcomeUnknown`.
public struct ObjectStore: Sendable {
    private let core: TransactionCore
    private let shared: Shared

    /// What the stores made from one another share: their writes of one kind would only abort each other.
    private final class Shared: Sendable {
        let line = KeyedLine()
        /// Kinds that are known to have unique fields.
        let uniqueKinds = Mutex<Set<[UInt8]>>([])
    }

    public init(core: TransactionCore) {
        self.core = core
        shared = Shared()
    }

    private init(core: TransactionCore, shared: Shared) {
        self.core = core
        self.shared = shared
    }

    /// The same objects by way of another core, such as a session's.
    public func with(_ core: TransactionCore) -> ObjectStore { ObjectStore(core: core, shared: shared) }

    // MARK: Reading

    /// The object's fields; nil when there is none.
    public func get(_ key: ObjectKey) async throws -> ObjectFields? {
        try core.requireOutsideBlock("get")
        let reply = try await core.perform(Self.reading(key)).value
        if case .error(let error) = reply { throw error }
        return ObjectFields(reply)
    }

    /// The command that reads an object, for blocks: `ObjectFields(reply)` reads what its future brings.
    public static func reading(_ key: ObjectKey) -> Command { Command("HGETALL", key.hash) }

    // MARK: Writing

    /// Writes fields, whether the object exists (`changed`) or not (`created`). Fields not given stay as they are.
    @discardableResult
    public func save(
        _ key: ObjectKey, _ fields: ObjectFields, unique: [String] = [], request: ObjectRequestID? = nil
    ) async throws -> ObjectResult {
        try await write(.save, "save", key, fields, unique, request)
    }

    /// Writes a new object. Throws ``ObjectError/Code/exists`` when there is one.
    @discardableResult
    public func create(
        _ key: ObjectKey, _ fields: ObjectFields, unique: [String] = [], request: ObjectRequestID? = nil
    ) async throws -> ObjectResult {
        try await write(.create, "create", key, fields, unique, request)
    }

    /// Writes a new object, or answers `existed` and writes nothing. A unique value of another object still throws.
    @discardableResult
    public func saveIfNotExists(
        _ key: ObjectKey, _ fields: ObjectFields, unique: [String] = [], request: ObjectRequestID? = nil
    ) async throws -> ObjectResult {
        try await write(.saveIfNotExists, "save_if_not_exists", key, fields, unique, request)
    }

    /// Removes an object and frees its unique values: `deleted`, or `absent` when there was none.
    @discardableResult
    public func delete(_ key: ObjectKey, request: ObjectRequestID? = nil) async throws -> ObjectResult {
        try await write(.delete, "delete", key, ObjectFields(), [], request)
    }

    private func write(
        _ verb: ObjectRequest.Verb, _ name: String, _ key: ObjectKey, _ fields: ObjectFields, _ unique: [String],
        _ requestID: ObjectRequestID?
    ) async throws -> ObjectResult {
        try core.requireOutsideBlock(name)
        let request = ObjectRequest(
            verb: verb, key: key, fields: fields, unique: unique.map { Array($0.utf8) }, requestID: requestID)
        let hasUnique = shared.uniqueKinds.withLock { kinds in
            if !unique.isEmpty { kinds.insert(key.kind) }
            return kinds.contains(key.kind)
        }
        return try await shared.line.run(hasUnique ? key.uniqueFields : key.hash) {
            try await attempt(request)
        }
    }

    private func attempt(_ request: ObjectRequest) async throws -> ObjectResult {
        var answer: ObjectResult?
        let keys = [request.key.hash, request.key.uniqueFields] + (request.requestID.map { [$0.key] } ?? [])
        let execution = try await core.watch(keys.map { WatchedKey($0) }) { transaction in
            let (commands, result) = try await decide(request, transaction)
            for command in commands { try await transaction.queue(.command(command)) }
            answer = result
        }
        switch execution.abortReason {
        case nil: break
        case .watchedKeyChanged, .expectationFailed: throw ObjectError(.contended)
        case .connectionLost: throw KeyspaceError(.connectionLost, "The connection was lost before anything was done.")
        }
        for case .error(let error) in execution.replies { throw error }
        guard let answer else { preconditionFailure("a block that was sent was decided") }
        return answer
    }

    /// Reads on the connection that watches, and decides.
    private func decide(
        _ request: ObjectRequest, _ transaction: WatchedTransaction
    ) async throws -> (commands: [Command], result: ObjectResult) {
        var reads = [Command("HLEN", request.key.hash), Command("SMEMBERS", request.key.uniqueFields)]
        if let id = request.requestID { reads.append(Command("GET", id.key)) }
        let replies = try await transaction.readAll(reads)
        if let id = request.requestID, let before = try id.remembered(replies[2]) { return ([], before) }

        var snapshot = ObjectRequest.Snapshot(exists: replies[0] != .integer(0))
        if let result = try request.early(exists: snapshot.exists) { return ([], result) }
        if case .array(let members) = replies[1] {
            snapshot.declared = Set(members.compactMap { if case .bulk(let name) = $0 { name } else { nil } })
        }
        if !request.uniqueFields(snapshot).isEmpty {
            shared.uniqueKinds.withLock { _ = $0.insert(request.key.kind) }
            try await readUnique(request, transaction, &snapshot)
        }
        return try request.commands(snapshot)
    }

    private func readUnique(
        _ request: ObjectRequest, _ transaction: WatchedTransaction, _ snapshot: inout ObjectRequest.Snapshot
    ) async throws {
        let fields = request.uniqueFields(snapshot)
        try await transaction.watch(fields.map { request.key.uniqueIndex(of: $0) })
        let stored = Command([Array("HMGET".utf8), request.key.hash] + fields)
        if case .array(let values)? = try await transaction.readAll([stored]).first {
            for case (let field, .bulk(let value)) in zip(fields, values) { snapshot.values[field] = value }
        }
        let slots = request.slots(snapshot)
        if slots.isEmpty { return }
        let owners = try await transaction.readAll(
            slots.map { Command("HGET", request.key.uniqueIndex(of: $0.field), $0.value) })
        for case (let slot, .bulk(let id)) in zip(slots, owners) { snapshot.owners[slot] = id }
    }
}

extension WatchedTransaction {
    /// Reads; a command's own failure is thrown.
    fileprivate func readAll(_ commands: [Command]) async throws -> [Reply] {
        let replies = try await read(commands)
        for case .error(let error) in replies { throw error }
        return replies
    }
}
