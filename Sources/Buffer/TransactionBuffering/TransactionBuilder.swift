// SPDX-License-Identifier: MIT
import JSON
import TransactionModel

/// Turns a client's transaction into a stored one: every rule checked, every value canonical, every reference that can
/// be resolved resolved, every id that can be derived derived. Pure: the same input gives the same output.
struct TransactionBuilder {
    static let stepsMax = 1000
    static let rowsMax = 10_000
    static let orderingKeyBytesMax = 256
    static let endpointBytesMax = 1024
    static let attemptsMax: Int64 = 100

    /// Nil: no schema was ever seen; then only creates that carry their ids are possible.
    var schema: Schema?
    /// Evaluates `now` defaults.
    var now: Timestamp
    /// Ids that references to other transactions stand for, as far as they are known: reference text -> value.
    var known: [ByteString: JSONValue] = [:]

    func build(_ view: JSONView, id transactionID: TransactionID) throws(ValidationFault) -> BuiltTransaction {
        try checkMembers(view)
        guard let list = view["steps"], list.kind == .array, list.count > 0 else {
            throw ValidationFault("steps", "must be an array of at least one step")
        }
        guard list.count <= Self.stepsMax else {
            throw ValidationFault("steps", "has more than \(Self.stepsMax) steps")
        }

        var drafts: [StepDraft] = []
        drafts.reserveCapacity(list.count)
        var names = StepNames()
        for (index, element) in list.elements.enumerated() {
            let draft = try StepDraft(element, index: index, schema: schema)
            guard names.add(draft.id) else {
                throw ValidationFault("steps[\(index)].step_id", "names a second step so")
            }
            drafts.append(draft)
        }
        guard drafts.reduce(0, { $0 + max(1, $1.rows.count) }) <= Self.rowsMax else {
            throw ValidationFault("steps", "has more than \(Self.rowsMax) rows")
        }

        let order = try order(of: drafts, names)
        var steps = StepBuilder(
            begin(view, transactionID, stepCount: drafts.count), transactionID: transactionID, drafts: drafts,
            names: names, now: now, known: known)
        for index in order { try steps.build(index) }
        steps.writer.endArray()
        steps.writer.name("generated_ids")
        let start = steps.writer.bytes.count
        steps.writeGeneratedIDs()
        let end = steps.writer.bytes.count
        steps.restoreOrder()
        steps.writer.endObject()
        return BuiltTransaction(
            transactionID: transactionID, contentHash: ContentHasher.hash(view), payload: steps.writer.bytes,
            changes: steps.changes, generatedIDs: Array(steps.writer.bytes[start..<end]),
            deletesIn: drafts.compactMap { $0.operation == .delete ? $0.model : nil })
    }

    /// References to other transactions whose ids are worth a look before building.
    static func foreignReferences(in view: JSONView) -> [Reference] {
        var found: [Reference] = []
        func visit(_ view: JSONView) {
            switch view.kind {
            case .object:
                if let reference = Reference(view) {
                    if reference.transactionID != nil { found.append(reference) }
                } else {
                    for (_, value) in view.members { visit(value) }
                }
            case .array: for element in view.elements { visit(element) }
            case .null, .bool, .number, .string: break
            }
        }
        if let steps = view["steps"], Reference.mayOccur(in: steps) { visit(steps) }
        return found
    }

    private func checkMembers(_ view: JSONView) throws(ValidationFault) {
        guard view.kind == .object else { throw ValidationFault("transaction", "must be an object") }
        for (name, value) in view.members {
            if name.stringEquals("steps") || name.stringEquals("transaction_id") { continue }
            if name.stringEquals("endpoint") {
                try check(value, "endpoint", bytesMax: Self.endpointBytesMax)
            } else if name.stringEquals("ordering_key") {
                try check(value, "ordering_key", bytesMax: Self.orderingKeyBytesMax)
            } else if name.stringEquals("metadata") {
                guard value.kind == .object || value.isNull else {
                    throw ValidationFault("metadata", "must be an object")
                }
            } else if name.stringEquals("retry") {
                guard value.kind == .object || value.isNull else { throw ValidationFault("retry", "must be an object") }
                for (name, _) in value.members where !name.stringEquals("max_attempts") {
                    throw ValidationFault("retry.\(name.string ?? "")", "is no member of retry; there is max_attempts")
                }
                if let attempts = value["max_attempts"] {
                    guard let count = attempts.int64, (1...Self.attemptsMax).contains(count) else {
                        throw ValidationFault("retry.max_attempts", "must be an integer from 1 to \(Self.attemptsMax)")
                    }
                }
            } else {
                throw ValidationFault(
                    name.string ?? "transaction",
                    "is no member of a transaction; there are transaction_id, endpoint, ordering_key, metadata, retry and steps"
                )
            }
        }
    }

    private func check(_ value: JSONView, _ path: String, bytesMax: Int) throws(ValidationFault) {
        if value.isNull { return }
        guard let text = value.string, text.utf8.count <= bytesMax else {
            throw ValidationFault(path, "must be a string of at most \(bytesMax) bytes")
        }
    }

    /// The order in which steps can be built: after those they refer to.
    private func order(of drafts: [StepDraft], _ names: StepNames) throws(ValidationFault) -> [Int] {
        var needsOrder = false
        for index in drafts.indices {
            for (name, place) in drafts[index].dependencyPlaces {
                guard let other = names[name] else {
                    throw ValidationFault(place, "names no step of this transaction")
                }
                guard other != index else { throw ValidationFault(place, "refers to its own step") }
                needsOrder = true
            }
        }
        guard needsOrder else { return Array(drafts.indices) }
        let (order, cyclic) = StepOrder.resolve(drafts.map { ($0.id, $0.dependencyPlaces.map(\.step)) })
        if let cyclic {
            throw ValidationFault("steps[\(cyclic)]", "is part of a cycle of references")
        }
        return order
    }

    /// The stored transaction up to its first step.
    private func begin(_ view: JSONView, _ transactionID: TransactionID, stepCount: Int) -> JSONWriter {
        var writer = JSONWriter(capacity: view.rawRange.count + stepCount * 192 + 192)
        writer.beginObject()
        writer.member("format", StoredTransaction.format)
        writer.member("transaction_id", transactionID.string)
        for name: StaticString in ["endpoint", "ordering_key", "metadata", "retry"] {
            guard let value = view[name], !value.isNull else { continue }
            writer.name(name)
            writer.raw(value)
        }
        writer.name("steps")
        writer.beginArray()
        return writer
    }
}
