// SPDX-License-Identifier: MIT
import JSON

/// The form in which a schema is kept at `site:{site}:schema`, so that a start without the database still validates.
extension Schema {
    public var jsonBytes: [UInt8] {
        var writer = JSONWriter(capacity: 256 * tables.count + 64)
        writer.beginObject()
        writer.member("format", Int64(1))
        writer.name("tables")
        writer.beginArray()
        for table in tables { writer.value(table.json) }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }

    /// Nil when the text is no schema of this format.
    public init?(jsonBytes: [UInt8]) {
        guard let root = try? JSONDocument(parsing: jsonBytes).root, root["format"]?.int64 == 1,
            let list = root["tables"]
        else { return nil }
        var tables: [Table] = []
        for element in list.elements {
            guard let table = Table(json: element) else { return nil }
            tables.append(table)
        }
        self.init(tables: tables)
    }
}

extension Table {
    fileprivate var json: JSONValue {
        [
            "name": .string(name), "columns": .array(columns.map(\.json)), "primary_key": .strings(primaryKey),
            "assigns_key": .bool(assignsKey), "refuses_key": .bool(refusesKey), "key_is_folded": .bool(keyIsFolded),
            "unique_keys": .array(uniqueKeys.map(JSONValue.strings)),
            "partial_unique_keys": .array(partialUniqueKeys.map(JSONValue.strings)),
            "has_computed_uniqueness": .bool(hasComputedUniqueness), "refuses_zero": .bool(refusesZero),
            "foreign_keys": .array(
                foreignKeys.map {
                    [
                        "columns": .strings($0.columns), "table": .string($0.table),
                        "referenced_columns": .strings($0.referencedColumns),
                        "on_delete": .string($0.onDelete.rawValue),
                    ]
                }),
            "has_triggers": .bool(hasTriggers),
        ]
    }

    fileprivate convenience init?(json: JSONView) {
        guard let name = json["name"]?.string, let columns = json["columns"], let key = json["primary_key"] else {
            return nil
        }
        let parsed = columns.elements.compactMap(Column.init(json:))
        guard parsed.count == columns.count else { return nil }
        let foreignKeys = json["foreign_keys"]?.elements.compactMap { element -> ForeignKey? in
            guard let table = element["table"]?.string else { return nil }
            return ForeignKey(
                columns: strings(element["columns"]), table: table,
                referencedColumns: strings(element["referenced_columns"]),
                onDelete: element["on_delete"]?.string.flatMap(ForeignKey.DeleteAction.init) ?? .none)
        }
        self.init(
            name: name, columns: parsed, primaryKey: strings(key), assignsKey: json["assigns_key"]?.bool ?? false,
            refusesKey: json["refuses_key"]?.bool ?? false, keyIsFolded: json["key_is_folded"]?.bool ?? false,
            uniqueKeys: json["unique_keys"]?.elements.map { strings($0) } ?? [],
            partialUniqueKeys: json["partial_unique_keys"]?.elements.map { strings($0) } ?? [],
            hasComputedUniqueness: json["has_computed_uniqueness"]?.bool ?? false,
            refusesZero: json["refuses_zero"]?.bool ?? false, foreignKeys: foreignKeys ?? [],
            hasTriggers: json["has_triggers"]?.bool ?? false)
    }
}

extension Column {
    fileprivate var json: JSONValue {
        let described: JSONValue =
            switch defaultValue {
            case .none: .null
            case .constant(let value): ["constant": value]
            case .now: "now"
            case .volatile: "volatile"
            }
        return [
            "name": .string(name), "type": .string(type.text), "nullable": .bool(isNullable),
            "generated": .bool(isGenerated), "default": described,
        ]
    }

    fileprivate init?(json: JSONView) {
        guard let name = json["name"]?.string, let type = json["type"]?.string.flatMap(ColumnType.init(text:)) else {
            return nil
        }
        let defaultValue: DefaultValue
        if let value = json["default"], !value.isNull {
            if let constant = value["constant"] {
                defaultValue = .constant(constant.value())
            } else {
                defaultValue = value.stringEquals("now") ? .now : .volatile
            }
        } else {
            defaultValue = .none
        }
        self.init(
            name: name, type: type, isNullable: json["nullable"]?.bool ?? true, defaultValue: defaultValue,
            isGenerated: json["generated"]?.bool ?? false)
    }
}

extension JSONValue {
    fileprivate static func strings(_ list: [String]) -> JSONValue { .array(list.map(JSONValue.string)) }
}

private func strings(_ view: JSONView?) -> [String] { view?.elements.compactMap(\.string) ?? [] }
