// SPDX-License-Identifier: MIT
import EmbeddedKeyspace
import JSON
import Keyspace

extension EmbeddedKeyspace: SiteStore {
    var problem: HealthReason? {
        guard isFailed else { return nil }
        return HealthReason(
            code: "store_failed",
            message: "The keyspace stopped; look at the log, mend the disk, and start the daemon again.")
    }

    var concerns: [HealthReason] { [] }

    func counters() async throws(KeyspaceError) -> [String: Int64] { try await statistics().counters }

    func figures() async throws(KeyspaceError) -> JSONObject {
        let statistics = try await statistics()
        var object = JSONObject()
        object.append("file_bytes", .integer(statistics.fileBytes))
        object.append("free_bytes", .integer(statistics.freeBytes))
        object.append("log_bytes", .integer(statistics.logBytes))
        object.append("groups", .integer(statistics.groups))
        object.append("operations", .integer(statistics.operations))
        object.append("checkpoints", .integer(statistics.checkpoints))
        object.append("groups_repeated", .integer(statistics.groupsRepeated))
        object.append("full", .bool(statistics.isFull))
        return object
    }
}
