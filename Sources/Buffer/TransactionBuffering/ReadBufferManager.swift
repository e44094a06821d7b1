// SPDX-License-Identifier: MIT
public import JSON
public import Keyspace
public import TransactionModel

/// Reads what is still on its way: the overlay, by record and by model.
public struct ReadBufferManager: Sendable {
    /// Entries of one page of the overlay.
    public static let pageEntriesMax = 10_000
    /// Payload bytes of one page of the overlay.
    public static let pageBytesMax = 8 << 20

    private let access: KeyspaceAccess
    private let keys: SiteKeys

    public init(access: KeyspaceAccess, keys: SiteKeys) {
        self.access = access
        self.keys = keys
    }

    /// A page of the overlay, and the position up to which all that is in no page was replicated: a replica that is behind
    /// it would answer older records. Nil: nothing was released yet.
    public struct Pending: Sendable {
        public var page: OverlayPage
        public var released: Position?
    }

    /// A page of what is pending for a model, in the order of the encoded ids.
    /// - Parameters:
    ///   - ids: Only for these records; nil: for all.
    ///   - unnamedOnly: Only for records that are named by references, or can't be named yet.
    ///   - after: What the page before has as `next`.
    public func pending(
        _ model: String, ids: [String]? = nil, unnamedOnly: Bool = false, after: String?
    ) async throws(BufferingError) -> Pending {
        try await page(
            OverlayRead(
                model: model, records: ids, unnamedOnly: unnamedOnly, after: after, entriesMax: Self.pageEntriesMax,
                bytesMax: Self.pageBytesMax))
    }

    /// Those of some models for which anything is pending.
    public func pendingModels(among models: [String]) async throws(BufferingError) -> Set<String> {
        let reads = models.map { Operation.overlay(OverlayRead(model: $0, entriesMax: 1, bytesMax: 1)) }
        var pending: Set<String> = []
        for (model, reply) in zip(models, try await access.perform(reads)) {
            if case .overlay(let page) = reply, !page.entries.isEmpty { pending.insert(model) }
        }
        return pending
    }

    /// The changes still buffered for a record, oldest first: `read_buffer:{model}:{id}:updates`.
    public func history(of record: RecordKey) async throws(BufferingError) -> [JSONValue] {
        try await access.strings(Command("LRANGE", keys.readBufferUpdates(record), 0, -1)).compactMap {
            try? JSONValue(parsing: $0)
        }
    }

    /// The records that a transaction still has in the overlay, as `{model}:{id}`.
    public func affectedRecords(of id: TransactionID) async throws(BufferingError) -> [String] {
        try await access.strings(Command("SMEMBERS", keys.affectedRecords(id))).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    private func page(_ read: OverlayRead) async throws(BufferingError) -> Pending {
        // In this order: what is released between the two is missing in the page, and then covered by the position.
        let replies = try await access.perform([.overlay(read), .command(Command("GET", keys.releasedPosition))])
        guard replies.count == 2, case .overlay(let page) = replies[0] else {
            throw BufferingError(.internalError, "the store gave no answer to a read of the overlay")
        }
        return Pending(page: page, released: replies[1].position)
    }
}

extension Position {
    /// As ``SiteKeys/releasedPosition`` holds it: the timeline, the value and the system, as decimal numbers.
    public var keyspaceText: String { "\(timeline) \(value) \(system)" }

    /// What an older version wrote has no system.
    public init?(keyspaceText: String) {
        let parts = keyspaceText.split(separator: " ")
        guard parts.count == 2 || parts.count == 3, let timeline = UInt32(parts[0]), let value = UInt64(parts[1]),
            let system = parts.count == 2 ? 0 : UInt64(parts[2])
        else { return nil }
        self.init(value, timeline: timeline, system: system)
    }
}

extension Reply {
    /// What ``SiteKeys/releasedPosition`` holds. Nil for anything else.
    public var position: Position? {
        guard case .bulk(let bytes) = self else { return nil }
        return Position(keyspaceText: String(decoding: bytes, as: UTF8.self))
    }
}
