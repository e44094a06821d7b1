// SPDX-License-Identifier: MIT
import JSON
import TransactionModel

/// Writes drafts as stored steps, one after the other in an order in which references can be resolved.
struct StepBuilder {
    let transactionID: TransactionID
    let drafts: [StepDraft]
    let indexes: [ByteString: Int]
    let now: Timestamp
    let known: [ByteString: JSONValue]
    /// By step; empty until it was built.
    private(set) var built: [Built]
    var texts: [Int: JSONDocument] = [:]
    /// Columns of the step being built whose values came from other steps.
    var taken: [TakenColumn] = []
    /// Steps to which others refer.
    private let referenced: Set<Int>

    /// What became of a step.
    struct Built {
        /// The stored form.
        var text: [UInt8] = []
        /// The record of each row.
        var records: [RecordKey] = []
        /// The created id of each row, as JSON text.
        var created: [[UInt8]] = []
    }

    init(
        transactionID: TransactionID, drafts: [StepDraft], indexes: [ByteString: Int], now: Timestamp,
        known: [ByteString: JSONValue]
    ) {
        self.transactionID = transactionID
        self.drafts = drafts
        self.indexes = indexes
        self.now = now
        self.known = known
        built = Array(repeating: Built(), count: drafts.count)
        var referenced = Set<Int>()
        for draft in drafts {
            for (step, _) in draft.dependencyPlaces {
                if let index = indexes[ByteString(step)] { referenced.insert(index) }
            }
        }
        self.referenced = referenced
    }

    mutating func build(_ index: Int) throws(ValidationFault) {
        let draft = drafts[index]
        taken.removeAll(keepingCapacity: true)
        var writer = JSONWriter(capacity: draft.bytes + 192)
        writer.beginObject()
        writer.member("step_id", draft.id)
        writer.member("operation", draft.operation.rawValue)
        writer.member("model", draft.model)
        switch draft.operation {
        case .query: try writeQuery(draft, &writer)
        case .bulkCreate, .bulkUpdate:
            writer.name("rows")
            writer.beginArray()
            for row in draft.rows.indices {
                writer.beginObject()
                try write(row, of: draft, index, &writer)
                writer.endObject()
            }
            writer.endArray()
        case .create, .update, .delete, .upsert, .increment:
            try write(0, of: draft, index, &writer)
        }
        if !draft.conflict.isEmpty { write(names: draft.conflict, "conflict", &writer) }
        var dependencies: [String] = []
        for (step, _) in draft.dependencyPlaces where !dependencies.contains(step) { dependencies.append(step) }
        if !dependencies.isEmpty {
            write(names: dependencies, "depends_on", &writer)
            writeReferences(of: draft, &writer)
        }
        writer.endObject()
        if referenced.contains(index) {
            guard let document = try? JSONDocument(parsing: writer.bytes) else {
                preconditionFailure("a stored step is JSON that this program wrote")
            }
            texts[index] = document
        }
        built[index].text = writer.bytes
    }

    /// JSON object: step id -> created id, or array of ids for a bulk step.
    func generatedIDs() -> [UInt8] {
        var writer = JSONWriter(capacity: 64 * drafts.count + 2)
        writer.beginObject()
        for (index, draft) in drafts.enumerated() {
            switch draft.operation {
            case .create, .upsert:
                guard let id = built[index].created.first else { continue }
                writer.name(draft.id)
                writer.raw(id)
            case .bulkCreate:
                writer.name(draft.id)
                writer.beginArray()
                for id in built[index].created { writer.raw(id) }
                writer.endArray()
            case .update, .delete, .increment, .bulkUpdate, .query: continue
            }
        }
        writer.endObject()
        return writer.bytes
    }

    private func write(names: [String], _ member: StaticString, _ writer: inout JSONWriter) {
        writer.name(member)
        writer.beginArray()
        for name in names { writer.string(name) }
        writer.endArray()
    }

    private func writeQuery(_ draft: StepDraft, _ writer: inout JSONWriter) throws(ValidationFault) {
        guard let condition = draft.condition, let table = draft.table else { return }
        do {
            _ = try Condition(condition, table: table, path: "\(draft.path).where")
        } catch {
            throw ValidationFault(error)
        }
        writer.name("where")
        writer.raw(condition)
        if draft.isOptional { writer.member("optional", true) }
    }

    private mutating func write(
        _ row: Int, of draft: StepDraft, _ index: Int, _ writer: inout JSONWriter
    ) throws(ValidationFault) {
        switch draft.operation {
        case .create, .bulkCreate, .upsert: try writeCreate(row, of: draft, index, &writer)
        case .update, .increment, .bulkUpdate, .delete: try writeChange(row, of: draft, index, &writer)
        case .query: preconditionFailure("a query step has no rows")
        }
    }

    // MARK: Records

    mutating func finish(_ id: [UInt8]?, _ row: Int, of draft: StepDraft, _ index: Int) {
        if let id {
            built[index].records.append(recordKey(id, of: draft.model))
            built[index].created.append(id)
            return
        }
        let number = draft.operation.isBulk ? row : nil
        built[index].records.append(
            draft.operation == .upsert
                ? .anyRecord(of: draft.model)
                : .assigned(model: draft.model, transaction: transactionID, step: draft.id, row: number))
        let reference: JSONValue = [
            "$ref": .string(Reference.text(transaction: transactionID, step: draft.id, row: number))
        ]
        built[index].created.append(reference.bytes)
    }

    /// A change of a record that is there.
    mutating func finishChange(_ record: RecordKey, _ index: Int) { built[index].records.append(record) }

    /// The text of a string without escapes, which most ids are; nil for any other JSON.
    private static func plainText(_ json: [UInt8]) -> String? {
        guard json.first == UInt8(ascii: "\""), json.count >= 2, !json.contains(UInt8(ascii: "\\")) else { return nil }
        return String(decoding: json[1..<json.count - 1], as: UTF8.self)
    }

    func recordKey(_ id: [UInt8], of model: String) -> RecordKey {
        if let plain = Self.plainText(id) {
            return RecordKey(model: model, encodedID: RecordKey.encoded(plain))
        }
        guard let view = try? JSONDocument(parsing: id).root else { return .anyRecord(of: model) }
        return RecordKey(model: model, id: view) ?? .anyRecord(of: model)
    }
}
