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

    /// What is pending for some records of a model, and for records that can't be named yet.
    public func pending(_ model: String, ids: [String]) async throws(BufferingError) -> OverlayPage {
        try await page(
            OverlayRead(model: model, records: ids, entriesMax: Self.pageEntriesMax, bytesMax: Self.pageBytesMax))
    }

    /// A page of all that is pending for a model, in the order of the encoded ids.
    public func pending(_ model: String, after: String?) async throws(BufferingError) -> OverlayPage {
        try await page(
            OverlayRead(model: model, after: after, entriesMax: Self.pageEntriesMax, bytesMax: Self.pageBytesMax))
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

    private func page(_ read: OverlayRead) async throws(BufferingError) -> OverlayPage {
        guard case .overlay(let page)? = try await access.perform(.overlay(read)) else {
            throw BufferingError(.internalError, "the store gave no answer to a read of the overlay")
        }
        return page
    }
}
