// SPDX-License-Identifier: MIT
public import JSON

/// A `where`: `{column: scalar | {eq|ne|lt|lte|gt|gte: v} | {in: [...]} | {null: bool}}`, `$and`/`$or`: [where]; members AND.
public indirect enum Condition: Sendable, Equatable {
    case all([Condition])
    case any([Condition])
    /// Column index, operator, canonical value (never null).
    case compare(column: Int, Comparison, JSONValue)
    /// Canonical values, none of them null.
    case isIn(column: Int, [JSONValue])
    case isNull(column: Int, Bool)

    public enum Comparison: String, Sendable, CaseIterable {
        case eq, ne, lt, lte, gt, gte

        func holds(_ order: ValueOrder) -> Bool {
            switch (self, order) {
            case (.eq, .equal), (.lte, .equal), (.gte, .equal): true
            case (.ne, .less), (.ne, .greater), (.lt, .less), (.lte, .less), (.gt, .greater), (.gte, .greater): true
            case (.eq, _), (.ne, .equal), (.lt, _), (.lte, .greater), (.gt, _), (.gte, .less): false
            }
        }
    }

    /// Nested `$and`/`$or` levels at most.
    public static let depthMax = 16
    /// Values of one `in` at most.
    public static let listCountMax = 1000

    public init(_ view: JSONView, table: Table, path: String = "where") throws(ConditionError) {
        self = try Self.parse(view, table, path, depth: 0)
    }

    /// Whether a record fulfils it. SQL's three-valued logic: what compares with null is unknown, and unknown is no match.
    public func matches(_ record: [JSONValue], of table: Table) -> Bool { truth(record, table) == true }

    private func truth(_ record: [JSONValue], _ table: Table) -> Bool? {
        switch self {
        case .all(let parts):
            var result: Bool? = true
            for part in parts {
                guard let value = part.truth(record, table) else {
                    result = nil
                    continue
                }
                if !value { return false }
            }
            return result
        case .any(let parts):
            var result: Bool? = false
            for part in parts {
                guard let value = part.truth(record, table) else {
                    result = nil
                    continue
                }
                if value { return true }
            }
            return result
        case .compare(let column, let comparison, let value):
            if case .null = record[column] { return nil }
            return comparison.holds(table.columns[column].type.order(record[column], value))
        case .isIn(let column, let values):
            if case .null = record[column] { return nil }
            return values.contains { table.columns[column].type.order(record[column], $0) == .equal }
        case .isNull(let column, let wanted):
            if case .null = record[column] { return wanted }
            return !wanted
        }
    }

    private static func parse(
        _ view: JSONView, _ table: Table, _ path: String, depth: Int
    ) throws(ConditionError) -> Self {
        guard view.kind == .object else { throw ConditionError(path: path, "must be an object") }
        guard depth <= depthMax else { throw ConditionError(path: path, "nests deeper than \(depthMax)") }
        var parts: [Condition] = []
        for (name, value) in view.members {
            if name.stringEquals("$and") || name.stringEquals("$or") {
                let isAnd = name.stringEquals("$and")
                let path = "\(path).\(isAnd ? "$and" : "$or")"
                guard value.kind == .array else { throw ConditionError(path: path, "must be an array of conditions") }
                var list: [Condition] = []
                for (index, element) in value.elements.enumerated() {
                    list.append(try parse(element, table, "\(path)[\(index)]", depth: depth + 1))
                }
                parts.append(isAnd ? .all(list) : .any(list))
                continue
            }
            let path = "\(path).\(name.string ?? "")"
            guard let column = table.index(of: name) else {
                throw ConditionError(path: path, "names no column of \(table.name)", isUnknownColumn: true)
            }
            parts += try terms(value, column, table, path)
        }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private static func terms(
        _ value: JSONView, _ column: Int, _ table: Table, _ path: String
    ) throws(ConditionError) -> [Condition] {
        if value.isNull { return [.isNull(column: column, true)] }
        guard value.kind == .object, value["$bytes"] == nil else {
            return [.compare(column: column, .eq, try canonical(value, column, table, path))]
        }
        var terms: [Condition] = []
        for (name, operand) in value.members {
            let word = name.string ?? ""
            let path = "\(path).\(word)"
            if let comparison = Comparison(rawValue: word) {
                if operand.isNull, comparison == .eq || comparison == .ne {
                    terms.append(.isNull(column: column, comparison == .eq))
                } else {
                    let isOrdered = comparison != .eq && comparison != .ne
                    let value = try canonical(operand, column, table, path, ordered: isOrdered)
                    terms.append(.compare(column: column, comparison, value))
                }
            } else if word == "in" {
                guard operand.kind == .array, operand.count <= listCountMax else {
                    throw ConditionError(path: path, "must be an array of at most \(listCountMax) values")
                }
                var values: [JSONValue] = []
                for (index, element) in operand.elements.enumerated() {
                    values.append(try canonical(element, column, table, "\(path)[\(index)]"))
                }
                terms.append(.isIn(column: column, values))
            } else if word == "null" {
                guard let flag = operand.bool else { throw ConditionError(path: path, "must be true or false") }
                terms.append(.isNull(column: column, flag))
            } else {
                throw ConditionError(path: path, "is no operator; there are eq, ne, lt, lte, gt, gte, in and null")
            }
        }
        guard !terms.isEmpty else { throw ConditionError(path: path, "has no operator") }
        return terms
    }

    private static func canonical(
        _ value: JSONView, _ column: Int, _ table: Table, _ path: String, ordered: Bool = false
    ) throws(ConditionError) -> JSONValue {
        let type = table.columns[column].type
        guard ordered ? type.isOrdered : type.isEquatable else {
            throw ConditionError(path: path, "compares values that only the database can compare")
        }
        guard !table.refuses(value) else { throw ConditionError(path: path, Table.zeroRefusal) }
        guard let canonical = type.unrounded.canonical(value.value()), canonical != .null else {
            throw ConditionError(path: path, "must be \(type.expectation)")
        }
        return canonical
    }
}

extension ColumnType {
    /// Of the same kind, without the limits of the column: what a value is compared with need not fit in.
    fileprivate var unrounded: ColumnType {
        switch self {
        case .integer: .integer(bits: 64)
        case .decimal: .decimal(precision: nil, scale: nil)
        case .time: .time(digits: 6)
        case .timestamp: .timestamp(digits: 6)
        default: self
        }
    }
}

public struct ConditionError: Error, Sendable, Hashable {
    public var path: String
    /// What the place at `path` must be; a sentence without its subject.
    public var message: String
    /// The schema may be out of date.
    public var isUnknownColumn = false

    public init(path: String, _ message: String, isUnknownColumn: Bool = false) {
        self.path = path
        self.message = message
        self.isUnknownColumn = isUnknownColumn
    }
}

/// `["a", "-b"]`, NULL greatest, the primary key appended.
public struct Ordering: Sendable, Equatable {
    public var terms: [Term]

    public struct Term: Sendable, Equatable {
        public var column: Int
        public var isDescending: Bool

        public init(column: Int, isDescending: Bool) {
            self.column = column
            self.isDescending = isDescending
        }
    }

    /// Columns that an order may name at most.
    public static let termsMax = 16

    /// As the database likes.
    public static let none = Ordering(terms: [])

    private init(terms: [Term]) { self.terms = terms }

    public init(_ view: JSONView?, table: Table, path: String = "order_by") throws(ConditionError) {
        terms = []
        if let view {
            guard view.kind == .array, view.count <= Self.termsMax else {
                throw ConditionError(path: path, "must be an array of at most \(Self.termsMax) column names")
            }
            for (index, element) in view.elements.enumerated() {
                let path = "\(path)[\(index)]"
                guard let text = element.string else { throw ConditionError(path: path, "must be a column name") }
                let isDescending = text.hasPrefix("-")
                guard let column = table.index(of: isDescending ? String(text.dropFirst()) : text) else {
                    throw ConditionError(path: path, "names no column of \(table.name)", isUnknownColumn: true)
                }
                guard table.columns[column].type.isOrdered else {
                    throw ConditionError(path: path, "orders by values that only the database can compare")
                }
                terms.append(Term(column: column, isDescending: isDescending))
            }
        }
        for name in table.primaryKey {
            guard let column = table.index(of: name), !terms.contains(where: { $0.column == column }) else { continue }
            terms.append(Term(column: column, isDescending: false))
        }
    }

    /// Whether record `a` comes before record `b`.
    public func precedes(_ a: [JSONValue], _ b: [JSONValue], of table: Table) -> Bool {
        for term in terms {
            let order = table.columns[term.column].type.order(a[term.column], b[term.column])
            switch term.isDescending ? order.reversed : order {
            case .less: return true
            case .greater: return false
            case .equal: continue
            }
        }
        return false
    }
}
