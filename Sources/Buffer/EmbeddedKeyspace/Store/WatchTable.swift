// SPDX-License-Identifier: MIT

/// Who watches which key, and whose watch has been broken. A touch is a fact about a key, whatever the value became:
/// create and delete is two touches.
struct WatchTable {
    private struct Watch {
        /// The key was there when it was watched: should it expire, that counts as a modification.
        var existed: Bool
    }

    private var watchers: [[UInt8]: Set<Int>] = [:]
    private var watches: [Int: [[UInt8]: Watch]] = [:]
    private var broken: Set<Int> = []

    var isEmpty: Bool { watchers.isEmpty }

    /// A key that the connection watches already keeps its first moment, as in Redis.
    mutating func watch(_ key: [UInt8], by connection: Int, existed: Bool) {
        guard watches[connection]?[key] == nil else { return }
        watches[connection, default: [:]][key] = Watch(existed: existed)
        watchers[key, default: []].insert(connection)
    }

    mutating func touch(_ key: [UInt8]) {
        guard !watchers.isEmpty, let connections = watchers[key] else { return }
        broken.formUnion(connections)
    }

    /// The key's time has come and it was removed: no news for those who saw it absent already.
    mutating func expire(_ key: [UInt8]) {
        guard !watchers.isEmpty, let connections = watchers[key] else { return }
        for connection in connections where watches[connection]?[key]?.existed == true { broken.insert(connection) }
    }

    func isBroken(_ connection: Int) -> Bool { broken.contains(connection) }

    /// Keys that were there when they were watched.
    func keysThatExisted(_ connection: Int) -> [[UInt8]] {
        watches[connection]?.filter(\.value.existed).map(\.key) ?? []
    }

    mutating func forget(_ connection: Int) {
        broken.remove(connection)
        guard let keys = watches.removeValue(forKey: connection) else { return }
        for key in keys.keys {
            watchers[key]?.remove(connection)
            if watchers[key]?.isEmpty == true { watchers[key] = nil }
        }
    }
}
