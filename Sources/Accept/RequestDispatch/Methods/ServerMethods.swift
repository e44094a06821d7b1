// SPDX-License-Identifier: MIT
import JSON
import WireProtocol

/// `server.health` -> `{status, reasons[], ...}`
struct ServerHealth: Method {
    let name = "server.health"

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        await context.services.server.health().bytes
    }
}

/// `server.stats` -> counters and sizes
struct ServerStats: Method {
    let name = "server.stats"

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        do {
            return try await context.services.server.stats().bytes
        } catch {
            throw WireError(error)
        }
    }
}

/// `server.config` -> key -> value, secrets masked
struct ServerConfig: Method {
    let name = "server.config"

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        context.services.server.configuration().bytes
    }
}

/// `server.backup {path}` -> `{path, bytes}`
struct ServerBackup: Method {
    let name = "server.backup"

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        let path = try params.requiredString("path")
        guard path.hasPrefix("/") else { throw Params.wrong("path", "an absolute path") }
        do {
            let bytes = try await context.services.server.backup(to: path)
            return json { writer in
                writer.beginObject()
                writer.member("path", path)
                writer.member("bytes", bytes)
                writer.endObject()
            }
        } catch {
            throw WireError(error)
        }
    }
}
