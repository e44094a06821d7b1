// SPDX-License-Identifier: MIT
import JSON

/// Rows under column names, padded to the widest cell. Columns of numbers stand right.
struct Table {
    let columns: [String]
    let rows: [[String]]
    private let isNumeric: [Bool]

    /// A row has a value per column.
    init(_ columns: [String], _ rows: [[JSONValue?]]) {
        self.columns = columns.map(CellText.safe)
        self.rows = rows.map { $0.map(CellText.of) }
        isNumeric = columns.indices.map { column in
            rows.contains { $0[column]?.number != nil }
                && rows.allSatisfy { row in row[column]?.number != nil || row[column]?.isNull ?? true }
        }
    }

    /// A row per object; columns in the order in which they first appear.
    init(records: [JSONObject]) {
        var columns: [String] = []
        var known: Set<ByteString> = []
        for record in records {
            for name in record.keys where known.insert(ByteString(name)).inserted { columns.append(name) }
        }
        self.init(columns, records.map { record in columns.map { record[$0] } })
    }

    var lines: [String] {
        let widths = columns.indices.map { column in
            rows.reduce(columns[column].count) { max($0, $1[column].count) }
        }
        return ([columns.map { $0.uppercased() }] + rows).map { line($0, widths) }
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        var line = ""
        for (column, cell) in cells.enumerated() {
            let padding = String(repeating: " ", count: max(0, widths[column] - cell.count))
            line += isNumeric[column] ? padding + cell : cell + padding
            line += "  "
        }
        while line.last == " " { line.removeLast() }
        return line
    }
}
