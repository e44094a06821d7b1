// SPDX-License-Identifier: MIT
import JSON
import SmartQueries
import WireProtocol

/// `record.query {model, where?, order_by?, limit?, offset?, count?}` -> `{records[], count?, pending_count, unknown[]}`
struct RecordQueryMethod: Method {
    let name = "record.query"

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        var query = RecordQuery(model: try params.requiredString("model"))
        query.condition = params["where"]
        query.order = params["order_by"]
        query.limit = try params.integer("limit", in: 1...SmartQueryManager.limitMax) ?? SmartQueryManager.limitDefault
        query.offset = try params.integer("offset", in: 0...SmartQueryManager.offsetMax) ?? 0
        query.wantsCount = try params.bool("count") ?? false
        do {
            let answer = try await context.services.queries.query(query)
            return json(capacity: 256 * answer.records.count + 128) { writer in
                writer.beginObject()
                writer.name("records")
                writer.beginArray()
                for record in answer.records { writer.value(record) }
                writer.endArray()
                if let count = answer.count { writer.member("count", count) }
                writer.member("pending_count", Int64(answer.pendingCount))
                writer.strings("unknown", answer.unknown)
                writer.endObject()
            }
        } catch {
            throw WireError(error)
        }
    }
}
