// SPDX-License-Identifier: MIT
import JSON
import TransactionModel

/// A client's step with its form checked: which members there are, which model, which other steps it needs. Values are
/// looked at later, by ``StepBuilder``. A reference type because it is handed around and has much to copy.
final class StepDraft {
    let id: String
    let operation: StepOperation
    let model: String
    /// Nil while no schema is known.
    let table: Table?
    /// `id` and `data` of each row, with their paths.
    private(set) var rows: [Row] = []
    private(set) var conflict: [String] = []
    private(set) var condition: JSONView?
    private(set) var isOptional = false
    let place: Place
    /// Steps named by `depends_on` and by references, each with the place that names it.
    private(set) var dependencyPlaces: [(step: String, place: Place)] = []

    struct Row {
        var id: JSONView?
        var data: JSONView?
        var place: Place
    }

    /// For messages.
    var path: String { place.text }

    init(_ view: JSONView, index: Int, schema: Schema?) throws(ValidationFault) {
        place = Place(step: index)
        guard view.kind == .object else { throw ValidationFault(place, "must be an object") }
        guard let id = view["step_id"]?.string, StepRule.isValidID(id) else {
            throw ValidationFault(place.part("step_id"), "must be 1 to 64 bytes of [A-Za-z0-9_-]")
        }
        self.id = id
        guard let operation = view["operation"].flatMap(StepOperation.init) else {
            let names = StepOperation.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationFault(place.part("operation"), "must be one of \(names)")
        }
        self.operation = operation
        let model = view["model"]
        if let schema {
            guard let table = model.flatMap({ schema[$0] }) else {
                try Self.checkModel(model, place)
                throw ValidationFault(
                    place.part("model"), "names no table of the main database", maySchemaBeStale: true)
            }
            guard !table.primaryKey.isEmpty else {
                throw ValidationFault(place.part("model"), "names a table without primary key, which can't be a model")
            }
            self.model = table.name
            self.table = table
        } else {
            self.model = try Self.checkModel(model, place)
            guard operation == .create || operation == .bulkCreate else {
                throw ValidationFault(
                    place.part("operation"),
                    "needs the schema of the main database, which was not seen yet; only creates are possible",
                    maySchemaBeStale: true)
            }
            table = nil
        }
        try takeMembers(view)
    }

    @discardableResult
    private static func checkModel(_ view: JSONView?, _ place: Place) throws(ValidationFault) -> String {
        guard let model = view?.string, !model.isEmpty else {
            throw ValidationFault(place.part("model"), "must be the name of a model")
        }
        return model
    }

    private func takeMembers(_ view: JSONView) throws(ValidationFault) {
        var row = Row(place: place)
        for (name, value) in view.members {
            switch Member(name) {
            case .stepID, .operation, .model: continue
            case .dependsOn: try takeDependencies(value)
            case .id where operation.takesID: row.id = value
            case .data where operation.takesData: row.data = value
            case .rows where operation.isBulk: try takeRows(value)
            case .conflict where operation == .upsert: try takeConflict(value)
            case .condition where operation == .query: condition = value
            case .optional where operation == .query:
                guard let flag = value.bool else { throw ValidationFault("\(path).optional", "must be true or false") }
                isOptional = flag
            case .id, .data, .rows, .conflict, .condition, .optional, nil:
                throw ValidationFault(
                    "\(path).\(name.string ?? "")", "is no member of a step with operation \(operation.rawValue)")
            }
        }
        switch operation {
        case .bulkCreate, .bulkUpdate:
            guard view["rows"] != nil else { throw ValidationFault("\(path).rows", "is missing") }
        case .query:
            guard condition != nil else { throw ValidationFault("\(path).where", "is missing") }
        case .create, .update, .delete, .upsert, .increment: rows = [row]
        }
        for row in rows { try check(row) }
    }

    private func takeDependencies(_ value: JSONView) throws(ValidationFault) {
        guard value.kind == .array else { throw ValidationFault("\(path).depends_on", "must be an array of step ids") }
        for (index, element) in value.elements.enumerated() {
            let place = Place(step: place.step, part: "depends_on", index: index)
            guard let step = element.string else { throw ValidationFault(place, "must be a step id") }
            dependencyPlaces.append((step, place))
        }
    }

    private func takeRows(_ value: JSONView) throws(ValidationFault) {
        guard value.kind == .array, value.count > 0 else {
            throw ValidationFault("\(path).rows", "must be an array of at least one row")
        }
        for (index, element) in value.elements.enumerated() {
            let place = Place(step: place.step, row: index)
            guard element.kind == .object else { throw ValidationFault(place, "must be an object") }
            if operation == .bulkCreate {
                rows.append(Row(data: element, place: place))
                continue
            }
            for (name, _) in element.members where !name.stringEquals("id") && !name.stringEquals("data") {
                throw ValidationFault(
                    "\(place.text).\(name.string ?? "")", "is no member of a row; there are id and data")
            }
            rows.append(Row(id: element["id"], data: element["data"], place: place))
        }
    }

    private func takeConflict(_ value: JSONView) throws(ValidationFault) {
        let path = "\(path).conflict"
        guard value.kind == .array, value.count > 0 else {
            throw ValidationFault(path, "must be an array of column names")
        }
        conflict = value.elements.map { $0.string ?? "" }
        guard let table else { return }
        let columns = Set(conflict.map { ByteString($0) })
        let isKey = columns == Set(table.primaryKey.map { ByteString($0) })
        guard isKey || table.uniqueKeys.contains(where: { Set($0.map { ByteString($0) }) == columns }) else {
            throw ValidationFault(
                path, "is neither the primary key nor a unique key of \(table.name)", maySchemaBeStale: true)
        }
        if isKey { conflict = [] }
    }

    /// The place of a row's data: bulk creates have the columns in the row itself.
    func dataPlace(_ row: Row) -> Place { operation == .bulkCreate ? row.place : row.place.part("data") }

    private func check(_ row: Row) throws(ValidationFault) {
        let needsID =
            operation == .update || operation == .delete || operation == .increment || operation == .bulkUpdate
        if needsID {
            guard let id = row.id, !id.isNull else { throw ValidationFault(row.place.part("id"), "is missing") }
            takeReference(id, row.place.part("id"))
            if id.kind == .object {
                for (name, value) in id.members { takeReference(value, row.place.part("id").named(name)) }
            }
        }
        guard operation != .delete else { return }
        let place = dataPlace(row)
        guard let data = row.data else { throw ValidationFault(place, "is missing") }
        guard data.kind == .object else { throw ValidationFault(place, "must be an object") }
        for (name, value) in data.members where value.kind == .object {
            takeReference(value, place.named(name))
        }
    }

    private func takeReference(_ value: JSONView, _ place: Place) {
        guard let reference = Reference(value), reference.transactionID == nil else { return }
        dependencyPlaces.append((reference.step, place))
    }
}

/// The members of a step.
private enum Member {
    case stepID, operation, model, id, data, rows, conflict, condition, optional, dependsOn

    /// The frequent ones first.
    private static let names: [(text: StaticString, member: Self)] = [
        ("step_id", .stepID), ("operation", .operation), ("model", .model), ("data", .data), ("id", .id),
        ("rows", .rows), ("depends_on", .dependsOn), ("where", .condition), ("conflict", .conflict),
        ("optional", .optional),
    ]

    init?(_ name: JSONView) {
        guard let found = Self.names.first(where: { name.stringEquals($0.text) }) else { return nil }
        self = found.member
    }
}

extension StepOperation {
    fileprivate init?(_ name: JSONView) {
        guard let operation = Self.allCases.first(where: { name.stringEquals($0.rawValue) }) else { return nil }
        self = operation
    }

    fileprivate var takesID: Bool {
        switch self {
        case .update, .delete, .increment: true
        case .create, .upsert, .bulkCreate, .bulkUpdate, .query: false
        }
    }

    fileprivate var takesData: Bool {
        switch self {
        case .create, .update, .upsert, .increment: true
        case .delete, .bulkCreate, .bulkUpdate, .query: false
        }
    }
}
