// SPDX-License-Identifier: MIT
import JSON
import TransactionBuffering
import TransactionModel
import WireProtocol

/// `dead_letter.discard {transaction_ids | filter | all: true}` -> `{discarded[]}`
struct DeadLetterDiscard: Method {
    let name = "dead_letter.discard"

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        let selection = try params.deadLetterSelection()
        do {
            let discarded = try await context.services.deadLetters.discard(selection)
            return json { writer in
                writer.beginObject()
                writer.strings("discarded", discarded.map(\.string))
                writer.endObject()
            }
        } catch {
            throw WireError(error)
        }
    }
}
