// SPDX-License-Identifier: MIT
import Keyspace

/// `counters`: accepted = committed + pending + processing + retrying + dead_letter + cancelled + discarded.
///
/// `committed` contains what is replicated, `pending` what is parked.
struct CountersView: HashView {
    let store: Store

    var fields: [(String, Int64)] {
        let counters = store.memory.counters
        guard counters.accepted > 0 else { return [] }
        let processing = Int64(store.memory.claims.count)
        return [
            ("accepted", counters.accepted), ("pending", counters.pending - processing), ("parked", counters.parked),
            ("processing", processing), ("retrying", counters.retrying), ("committed", counters.committed),
            ("replicated", counters.replicated), ("dead_letter", counters.deadLetter),
            ("cancelled", counters.cancelled), ("discarded", counters.discarded),
            ("bytes_unfinished", counters.bytesUnfinished),
        ]
    }

    func count() -> Int { fields.count }

    func value(of field: [UInt8]) -> [UInt8]? {
        fields.first { $0.0.utf8.elementsEqual(field) }?.1.commandBytes
    }

    func entries(offset: Int, limit: Int) -> [(field: [UInt8], value: [UInt8])] {
        fields.dropFirst(offset).prefix(limit).map { (Array($0.0.utf8), $0.1.commandBytes) }
    }
}
