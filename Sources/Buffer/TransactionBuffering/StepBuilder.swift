// SPDX-License-Identifier: MIT
import JSON
import TransactionModel

/// Writes drafts as stored steps, one after the other in an order in which references can be resolved, straight into the
/// stored transaction.
struct StepBuilder {
    let transactionID: TransactionID
    let drafts: [StepDraft]
    let names: StepNames
    let now: Timestamp
    let known: [ByteString: JSONValue]
    /// The stored transaction, as far as it is written.
    var writer: JSONWriter
    /// In the order of building.
    private(set) var changes: [RecordChange] = []
    /// In the order of building.
    private var created: [CreatedID] = []
    /// Where each built step stands in the writer's bytes, in the order of building.
    private var built: [(step: Int, text: Range<Int>)] = []
    /// Of steps to which others refer.
    var documents: [Int: JSONDocument] = [:]
    /// Columns of the step being built whose values came from other steps.
    var taken: [TakenColumn] = []
    /// Steps to which others refer.
    private var referenced: Set<Int> = []

    private struct CreatedID {
        var step: Int
        /// Nil for a step with a single record.
        var row: Int?
        /// Where the id stands in the writer's bytes; nil: only the database can assign it.
        var text: Range<Int>?
    }

    /// - Parameter writer: Of the stored transaction, in its array of steps.
    init(
        _ writer: consuming JSONWriter, transactionID: TransactionID, drafts: [StepDraft], names: StepNames,
        now: Timestamp, known: [ByteString: JSONValue]
    ) {
        self.writer = writer
        self.transactionID = transactionID
        self.drafts = drafts
        self.names = names
        self.now = now
        self.known = known
        built.reserveCapacity(drafts.count)
        changes.reserveCapacity(drafts.count)
        for draft in drafts {
            for (step, _) in draft.dependencyPlaces {
                if let index = names[step] { referenced.insert(index) }
            }
        }
    }

    mutating func build(_ index: Int) throws(ValidationFault) {
        let draft = drafts[index]
        taken.removeAll(keepingCapacity: true)
        writer.beginObject()
        let start = writer.bytes.count - 1
        writer.member("step_id", draft.id)
        writer.member("operation", draft.operation.rawValue)
        writer.member("model", draft.model)
        switch draft.operation {
        case .query: try writeQuery(draft)
        case .bulkCreate, .bulkUpdate:
            writer.name("rows")
            writer.beginArray()
            for row in draft.rows.indices {
                writer.beginObject()
                try write(row, of: draft, index)
                writer.endObject()
            }
            writer.endArray()
        case .create, .update, .delete, .upsert, .increment: try write(0, of: draft, index)
        }
        if !draft.conflict.isEmpty { write(names: draft.conflict, "conflict") }
        if !draft.dependencyPlaces.isEmpty {
            var dependencies: [String] = []
            for (step, _) in draft.dependencyPlaces where !dependencies.contains(step) { dependencies.append(step) }
            write(names: dependencies, "depends_on")
            writeReferences(of: draft)
        }
        writer.endObject()
        let text = start..<writer.bytes.count
        if referenced.contains(index) {
            guard let document = try? JSONDocument(parsing: Array(writer.bytes[text])) else {
                preconditionFailure("a stored step is JSON that this program wrote")
            }
            documents[index] = document
        }
        built.append((index, text))
    }

    /// JSON object: step id -> created id, or array of ids for a bulk step.
    mutating func writeGeneratedIDs() {
        if !isInOrder { created.sort { ($0.step, $0.row ?? 0) < ($1.step, $1.row ?? 0) } }
        writer.beginObject()
        var open: Int?
        for id in created {
            if id.step != open {
                if open != nil { writer.endArray() }
                writer.name(drafts[id.step].id)
                if id.row != nil { writer.beginArray() }
                open = id.row == nil ? nil : id.step
            }
            if let text = id.text {
                writer.raw(at: text)
            } else {
                writer.beginObject()
                writer.member(
                    "$ref", Reference.text(transaction: transactionID, step: drafts[id.step].id, row: id.row))
                writer.endObject()
            }
        }
        if open != nil { writer.endArray() }
        writer.endObject()
    }

    /// When everything is written: steps and changes in the order in which the client sent them.
    mutating func restoreOrder() {
        guard !isInOrder, let first = built.first, let last = built.last else { return }
        var steps: [UInt8] = []
        for (_, text) in built.sorted(by: { $0.step < $1.step }) {
            if !steps.isEmpty { steps.append(UInt8(ascii: ",")) }
            steps += writer.bytes[text]
        }
        writer.bytes.replaceSubrange(first.text.lowerBound..<last.text.upperBound, with: steps)
        changes.sort { ($0.step, $0.row) < ($1.step, $1.row) }
    }

    private var isInOrder: Bool { zip(built, 0...).allSatisfy { $0.step == $1 } }

    mutating func write(names: [String], _ member: StaticString) {
        writer.name(member)
        writer.beginArray()
        for name in names { writer.string(name) }
        writer.endArray()
    }

    private mutating func writeQuery(_ draft: StepDraft) throws(ValidationFault) {
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

    private mutating func write(_ row: Int, of draft: StepDraft, _ index: Int) throws(ValidationFault) {
        switch draft.operation {
        case .create, .bulkCreate, .upsert: try writeCreate(row, of: draft, index)
        case .update, .increment, .bulkUpdate, .delete: try writeChange(row, of: draft, index)
        case .query: preconditionFailure("a query step has no rows")
        }
    }

    // MARK: Records

    /// A new record, or for an upsert perhaps one that is there.
    /// - Parameter id: Where it stands in the writer's bytes; nil: only the database can tell it.
    mutating func finishCreate(_ id: Range<Int>?, _ row: Int, of draft: StepDraft, _ index: Int) {
        let number = draft.operation.isBulk ? row : nil
        created.append(CreatedID(step: index, row: number, text: id))
        let record: RecordKey =
            if let id {
                recordKey(id, of: draft.model)
            } else if draft.operation == .upsert {
                .anyRecord(of: draft.model)
            } else {
                .assigned(model: draft.model, transaction: transactionID, step: draft.id, row: number)
            }
        changes.append(RecordChange(record: record, step: index, row: row))
    }

    /// A record that is there.
    mutating func finishChange(_ id: Range<Int>, _ row: Int, of draft: StepDraft, _ index: Int) {
        changes.append(RecordChange(record: recordKey(id, of: draft.model), step: index, row: row))
    }

    private func recordKey(_ id: Range<Int>, of model: String) -> RecordKey {
        if let plain = plainText(id) {
            return RecordKey(model: model, encodedID: RecordKey.encoded(plain))
        }
        guard let view = try? JSONDocument(parsing: Array(writer.bytes[id])).root else { return .anyRecord(of: model) }
        return RecordKey(model: model, id: view) ?? .anyRecord(of: model)
    }

    /// The text of a string without escapes, which most ids are; nil for any other JSON.
    private func plainText(_ json: Range<Int>) -> String? {
        writer.bytes.withUnsafeBufferPointer { bytes in
            guard json.count >= 2, bytes[json.lowerBound] == UInt8(ascii: "\"") else { return nil }
            let text = bytes[json.lowerBound + 1..<json.upperBound - 1]
            return text.contains(UInt8(ascii: "\\")) ? nil : String(decoding: text, as: UTF8.self)
        }
    }
}
