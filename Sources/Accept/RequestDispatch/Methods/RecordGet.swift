// SPDX-License-Identifier: MIT
import JSON
import SmartQueries
import TransactionModel
import WireProtocol

/// `record.get {model, id}` -> `{record?, sources[], pending[], unknown[]}`
struct RecordGet: Method {
    let name = "record.get"

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        let model = try params.requiredString("model")
        let id = try params.required("id")
        do {
            let answer = try await context.services.queries.get(model: model, id: id)
            return json(capacity: 512) { writer in
                writer.beginObject()
                if let record = answer.record {
                    writer.name("record")
                    writer.value(record)
                }
                writer.strings("sources", answer.sources)
                writer.strings("pending", answer.pending.map(\.string))
                writer.strings("unknown", answer.unknown)
                writer.endObject()
            }
        } catch {
            throw WireError(error)
        }
    }
}

extension JSONWriter {
    mutating func strings(_ member: StaticString, _ list: [String]) {
        name(member)
        beginArray()
        for text in list { string(text) }
        endArray()
    }
}
