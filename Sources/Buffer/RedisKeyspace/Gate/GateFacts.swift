// SPDX-License-Identifier: MIT

/// What a server says of itself, as far as it matters: the replies of INFO and CONFIG GET appendfsync.
struct GateFacts: Sendable, Equatable {
    enum AppendSync: Sendable, Equatable {
        case always
        case everySecond
        case no
        /// CONFIG GET is not allowed, or answers what we don't know.
        case hidden
    }

    var server: String
    var majorVersion: Int
    var version: String
    var runID: String
    var isMaster: Bool
    var isLoading: Bool
    var isCluster: Bool
    var hasAppendFile: Bool
    /// The last write to the append-only file, or with none of it the last snapshot, worked.
    var canSave: Bool
    var evictionPolicy: String
    var memoryMax: Int64
    var memoryUsed: Int64
    var appendSync: AppendSync

    /// Nil when the text is no INFO.
    init?(info: [UInt8], configuration: RESPValue) {
        let fields = Self.fields(of: info)
        guard let version = fields["redis_version"], let runID = fields["run_id"], let role = fields["role"] else {
            return nil
        }
        server = fields["server_name"] ?? "redis"
        self.version = fields["valkey_version"] ?? version
        majorVersion = version.split(separator: ".").first.flatMap { Int($0) } ?? 0
        self.runID = runID
        isMaster = role == "master"
        isLoading = fields["loading"] == "1"
        isCluster = fields["cluster_enabled"] == "1"
        hasAppendFile = fields["aof_enabled"] == "1"
        canSave = fields[hasAppendFile ? "aof_last_write_status" : "rdb_last_bgsave_status"] != "err"
        evictionPolicy = fields["maxmemory_policy"] ?? ""
        memoryMax = fields["maxmemory"].flatMap { Int64($0) } ?? 0
        memoryUsed = fields["used_memory"].flatMap { Int64($0) } ?? 0
        appendSync = Self.appendSync(configuration)
    }

    /// Of an INFO, whole or only its section `server`; empty when there is none in it.
    static func runID(in info: [UInt8]) -> String { fields(of: info)["run_id"] ?? "" }

    private static func fields(of info: [UInt8]) -> [String: String] {
        var fields: [String: String] = [:]
        for line in info.split(whereSeparator: { $0 == 0x0D || $0 == 0x0A }) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let name = String(decoding: line[..<colon], as: UTF8.self)
            fields[name] = String(decoding: line[(colon + 1)...], as: UTF8.self)
        }
        return fields
    }

    private static func appendSync(_ reply: RESPValue) -> AppendSync {
        guard case .array(let items) = reply, items.count == 2, case .bulk(let value) = items[1] else { return .hidden }
        switch String(decoding: value, as: UTF8.self) {
        case "always": return .always
        case "everysec": return .everySecond
        case "no": return .no
        default: return .hidden
        }
    }
}
