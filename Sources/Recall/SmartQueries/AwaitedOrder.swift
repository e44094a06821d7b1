// SPDX-License-Identifier: MIT
import JSON
import TransactionModel

/// Where records stand whose keys have ids that the database has not assigned yet: behind all that it has, in the order in
/// which it will give out the ids, which is that of acceptance.
struct AwaitedOrder {
    private let table: Table
    /// Key columns whose type has room for such an id.
    private var columns: [Int] = []
    private var standIns: [Reference: JSONValue] = [:]

    init(of records: [FoldedRecord], _ overlay: Overlay, _ table: Table) {
        self.table = table
        columns = table.primaryKey.compactMap { table.index(of: $0) }.filter { index in
            switch table.columns[index].type {
            case .integer, .number, .real, .decimal, .any: true
            case .text, .blob, .boolean, .date, .time, .timestamp, .uuid, .json, .enumeration, .array: false
            }
        }
        // A record is made after all that it names.
        var places: [Reference: Overlay.Place] = [:]
        for record in records where !record.awaited.isEmpty {
            for column in columns {
                guard let reference = record.awaited[column] else { continue }
                if let place = places[reference], place < record.rank { continue }
                places[reference] = record.rank
            }
        }
        guard !places.isEmpty else { return }
        let known = overlay.places(of: Array(places.keys))
        let ordered = places.map { (reference: $0, place: known[$0] ?? $1) }.sorted { $0.place < $1.place }
        for (index, entry) in ordered.enumerated() {
            standIns[entry.reference] = .integer(.max - Int64(ordered.count - index))
        }
    }

    /// The values by which a record is sorted; nil where there will be none.
    func values(of record: FoldedRecord) -> [JSONValue]? {
        guard var values = record.values else { return nil }
        for column in columns {
            if let reference = record.awaited[column], let standIn = standIns[reference] { values[column] = standIn }
        }
        return values
    }
}
