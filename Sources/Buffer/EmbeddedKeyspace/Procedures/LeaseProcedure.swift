// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import SQLiteConnection
import TransactionModel

/// One holder at a time. Whoever held the lease before this process is gone, since the file is held exclusively: so the
/// holder is known in memory only, and the highest token is what `processor_lease` keeps.
struct LeaseProcedure {
    let store: Store
    let now: Timestamp

    func run(_ request: LeaseRequest) throws(SQLiteError) -> LeaseOutcome {
        if let current = store.memory.lease, current.holder != request.holder, current.until > request.at {
            return .refused(holder: current.holder, remaining: current.until - request.at)
        }
        switch request.action {
        case .acquire: break
        case .confirm(let token):
            store.memory.leaseToken = max(store.memory.leaseToken, token)
            try write(LeaseRecord(holder: request.holder, token: store.memory.leaseToken))
        case .giveUp:
            store.memory.lease = nil
            return .ended
        }
        store.memory.lease = (request.holder, request.at + request.timeToLive)
        return .granted(lastToken: store.memory.leaseToken)
    }

    private func write(_ record: LeaseRecord) throws(SQLiteError) {
        _ = try store.engine.run(Command("SET", store.keys.processorLease, record.bytes), now: now)
    }
}

/// The value of `processor_lease`.
struct LeaseRecord {
    var holder: String
    var token: Int64

    init(holder: String, token: Int64) {
        self.holder = holder
        self.token = token
    }

    /// Also of the first form, which was the token alone.
    init?(_ bytes: [UInt8]) {
        guard let root = try? JSONDocument(parsing: bytes).root else { return nil }
        guard let token = (root["token"] ?? root).int64 else { return nil }
        self.init(holder: root["holder"]?.string ?? "", token: token)
    }

    var bytes: [UInt8] {
        var writer = JSONWriter(capacity: 96)
        writer.beginObject()
        writer.member("holder", holder)
        writer.member("token", token)
        writer.endObject()
        return writer.bytes
    }
}
