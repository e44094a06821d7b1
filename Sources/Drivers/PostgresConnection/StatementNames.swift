// SPDX-License-Identifier: MIT
#if Postgres

/// Names of the statements that a connection has prepared, by their text; the least recently used go first.
struct StatementNames {
    private struct Entry {
        var name: String
        var lastUse: UInt64
        /// Prepared in an earlier pipeline: what the server planned may be out of date.
        var isOld = false
    }

    private let statementsMax: Int
    private var entries: [StatementText: Entry] = [:]
    private var uses: UInt64 = 0
    private var hasNew = false
    /// Forgotten here, and not yet by the server.
    private var given: [String] = []

    init(statementsMax: Int) { self.statementsMax = statementsMax }

    var count: Int { entries.count }

    /// The name of a text, and whether it must be prepared under it first.
    mutating func name(of sql: String) -> (name: String, isNew: Bool) {
        uses += 1
        let key = StatementText(sql)
        if let index = entries.index(forKey: key) {
            entries.values[index].lastUse = uses
            return (entries.values[index].name, false)
        }
        let name = "s\(uses)"
        entries[key] = Entry(name: name, lastUse: uses)
        hasNew = true
        return (name, true)
    }

    func isOld(_ sql: String) -> Bool { entries[StatementText(sql)]?.isOld ?? false }

    /// It was not prepared after all.
    mutating func forget(_ sql: String) { entries[StatementText(sql)] = nil }

    /// What the server knows of it may be wrong.
    mutating func giveUp(_ sql: String) {
        if let entry = entries.removeValue(forKey: StatementText(sql)) { given.append(entry.name) }
    }

    mutating func giveUpAll() {
        given += entries.values.map(\.name)
        entries = [:]
    }

    /// Between two pipelines: names to be given up, so that at most `statementsMax` stay.
    mutating func trim() -> [String] {
        defer { given = [] }
        return given + excess()
    }

    private mutating func excess() -> [String] {
        if hasNew {
            for index in entries.values.indices { entries.values[index].isOld = true }
            hasNew = false
        }
        guard entries.count > statementsMax else { return [] }
        // A quarter more than needed, so that the sorting is rare.
        let excess = entries.count - statementsMax + statementsMax / 4
        let oldest = entries.sorted { $0.value.lastUse < $1.value.lastUse }.prefix(excess)
        for (key, _) in oldest { entries[key] = nil }
        return oldest.map(\.value.name)
    }
}

/// A statement's text compared by its bytes: two names that differ only by Unicode normalisation are two names to
/// PostgreSQL.
private struct StatementText: Hashable {
    private var text: String

    init(_ text: String) {
        self.text = text
        self.text.makeContiguousUTF8()
    }

    static func == (a: Self, b: Self) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }

    func hash(into hasher: inout Hasher) {
        let bytes: Void? = text.utf8.withContiguousStorageIfAvailable { hasher.combine(bytes: .init($0)) }
        precondition(bytes != nil, "The text was made contiguous.")
    }
}
#endif
