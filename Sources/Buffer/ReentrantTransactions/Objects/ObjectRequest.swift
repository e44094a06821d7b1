// SPDX-License-Identifier: MIT
public import Keyspace

/// Makes a write repeatable: the same id with the same content is answered as the first time, and nothing is done again.
///
/// Kept in the string `object_request:{id}` for ``rememberedFor``, and only when something was written.
public struct ObjectRequestID: Sendable, Hashable {
    public static let rememberedFor: Duration = .seconds(3600)

    public var id: [UInt8]
    /// What tells one content from another, such as a hash of it.
    public var content: [UInt8]

    public init(_ id: any CommandArgument, content: any CommandArgument) {
        self.id = id.commandBytes
        self.content = content.commandBytes
    }

    var key: [UInt8] { Array("object_request:".utf8) + id }
}

/// What became of a write.
public struct ObjectResult: Sendable, Hashable {
    public enum Outcome: String, Sendable {
        /// There is a new object.
        case created
        /// The object existed, and has the given fields now.
        case changed
        /// The object existed; nothing was written.
        case existed
        /// The object is gone.
        case deleted
        /// There was no object; nothing was done.
        case absent
    }

    public var outcome: Outcome
    /// It was done before, under the same ``ObjectRequestID``; this is what was answered then.
    public var isDuplicate = false
}

/// One write: what is asked, what must be read for it, and what then is to be done. No await, no keyspace.
struct ObjectRequest: Sendable {
    enum Verb: Sendable {
        case save
        case create
        case saveIfNotExists
        case delete
    }

    /// What is stored now, as far as the write must know.
    struct Snapshot: Sendable {
        var exists: Bool
        /// Fields that were declared unique before.
        var declared: Set<[UInt8]> = []
        /// The object's values of the unique fields.
        var values: [[UInt8]: [UInt8]] = [:]
        /// Ids of the objects that have these values.
        var owners: [Slot: [UInt8]] = [:]
    }

    /// A place in a unique index.
    struct Slot: Sendable, Hashable {
        var field: [UInt8]
        var value: [UInt8]
    }

    var verb: Verb
    var key: ObjectKey
    var fields: ObjectFields
    var unique: [[UInt8]]
    var requestID: ObjectRequestID?

    /// What is known before anything else was read: the write has no effect, or can't be done.
    func early(exists: Bool) throws(ObjectError) -> ObjectResult? {
        switch verb {
        case .create where exists: throw ObjectError(.exists)
        case .saveIfNotExists where exists: return ObjectResult(outcome: .existed)
        case .delete where !exists: return ObjectResult(outcome: .absent)
        case .save, .create, .saveIfNotExists:
            if !exists, !fields.all.contains(where: { $0.value != nil }) { throw ObjectError(.empty) }
            return nil
        case .delete: return nil
        }
    }

    /// The value that a field has after the write.
    func value(of field: [UInt8], from stored: [UInt8]?) -> [UInt8]? {
        if verb == .delete { return nil }
        return fields.change(of: field) ?? stored
    }

    /// The places in the unique indexes whose owners must be known: those the object leaves and those it takes.
    func slots(_ snapshot: Snapshot) -> [Slot] {
        uniqueFields(snapshot).flatMap { field in
            let before = snapshot.values[field]
            return Set([before, value(of: field, from: before)]).compactMap { value in
                value.map { Slot(field: field, value: $0) }
            }
        }
    }

    /// The commands of the write, for one transaction.
    func commands(_ snapshot: Snapshot) throws(ObjectError) -> (commands: [Command], result: ObjectResult) {
        var commands: [Command] = []
        let new = unique.filter { !snapshot.declared.contains($0) }
        if verb != .delete, !new.isEmpty { commands.append(Command([Self.word("SADD"), key.uniqueFields] + new)) }
        for field in uniqueFields(snapshot) {
            let before = snapshot.values[field].map { Slot(field: field, value: $0) }
            let after = value(of: field, from: before?.value).map { Slot(field: field, value: $0) }
            let index = key.uniqueIndex(of: field)
            // A value that only a command on the hash brought may be another's.
            if let before, before != after, snapshot.owners[before] == key.id {
                commands.append(Command("HDEL", index, before.value))
            }
            guard let after else { continue }
            switch snapshot.owners[after] {
            case nil: commands.append(Command("HSET", index, after.value, key.id))
            case key.id: break
            case .some: throw ObjectError(.valueTaken(field: field))
            }
        }
        commands += writes
        let result = ObjectResult(outcome: verb == .delete ? .deleted : snapshot.exists ? .changed : .created)
        if let requestID { commands.append(requestID.remembering(result.outcome)) }
        return (commands, result)
    }

    /// In the order of their bytes.
    func uniqueFields(_ snapshot: Snapshot) -> [[UInt8]] {
        snapshot.declared.union(unique).sorted { $0.lexicographicallyPrecedes($1) }
    }

    private var writes: [Command] {
        if verb == .delete { return [Command("DEL", key.hash)] }
        let set = fields.all.flatMap { field in field.value.map { [field.name, $0] } ?? [] }
        let removed = fields.all.filter { $0.value == nil }.map(\.name)
        var commands: [Command] = []
        if !set.isEmpty { commands.append(Command([Self.word("HSET"), key.hash] + set)) }
        if !removed.isEmpty { commands.append(Command([Self.word("HDEL"), key.hash] + removed)) }
        return commands
    }

    private static func word(_ text: StaticString) -> [UInt8] { Array(text.description.utf8) }
}

extension ObjectRequestID {
    /// `{outcome} {content}`
    func remembering(_ outcome: ObjectResult.Outcome) -> Command {
        Command(
            "SET", key, Array((outcome.rawValue + " ").utf8) + content, "EX", Self.rememberedFor.components.seconds)
    }

    /// The result of the first time, if there was one.
    func remembered(_ reply: Reply) throws(ObjectError) -> ObjectResult? {
        guard case .bulk(let bytes) = reply else { return nil }
        let word = bytes.prefix { $0 != UInt8(ascii: " ") }
        guard let outcome = ObjectResult.Outcome(rawValue: String(decoding: word, as: UTF8.self)),
            bytes.dropFirst(word.count + 1).elementsEqual(content)
        else { throw ObjectError(.requestConflict) }
        return ObjectResult(outcome: outcome, isDuplicate: true)
    }
}
