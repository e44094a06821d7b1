// SPDX-License-Identifier: MIT
import JSON
import TransactionBuffering
import TransactionModel
import WireProtocol

/// `dead_letter.list {limit?, cursor?, filter?}` -> `{transactions[], cursor?}`
struct DeadLetterList: Method {
    let name = "dead_letter.list"

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        let filter = try params.deadLetterFilter() ?? DeadLetters.Filter()
        let limit = try params.listLimit()
        let cursor = try params.string("cursor")
        do {
            let page = try await context.services.deadLetters.list(
                limit: limit, cursor: cursor, filter: filter, bytesMax: context.resultBytesMax)
            return context.page(page)
        } catch {
            throw WireError(error)
        }
    }
}

extension Params {
    /// `filter {code?, model?, endpoint?}`; nil when absent.
    func deadLetterFilter() throws(WireError) -> DeadLetters.Filter? {
        guard let view = self["filter"] else { return nil }
        guard view.kind == .object else { throw Self.wrong("filter", "an object") }
        var filter = DeadLetters.Filter()
        for (name, value) in view.members {
            let word = name.string ?? ""
            guard let text = value.string else {
                throw WireError(.invalidParams, "filter.\(word) must be a string.", path: "filter.\(word)")
            }
            switch word {
            case "code": filter.code = text
            case "model": filter.model = text
            case "endpoint": filter.endpoint = text
            default:
                throw WireError(
                    .invalidParams, "filter.\(word) is no member; there are code, model and endpoint.",
                    path: "filter.\(word)")
            }
        }
        return filter
    }

    /// `transaction_ids`, or `filter`, or `all: true`.
    func deadLetterSelection() throws(WireError) -> DeadLetters.Selection {
        let ids = try transactionIDs("transaction_ids", countMax: DeadLetters.selectionMax)
        let filter = try deadLetterFilter()
        let all = try bool("all") ?? false
        if let filter, filter == DeadLetters.Filter() {
            throw WireError(
                .invalidParams, "filter must name a code, a model or an endpoint; all: true takes every dead letter.",
                path: "filter")
        }
        switch (ids, filter, all) {
        case (.some(let ids), nil, false): return .transactions(ids)
        case (nil, .some(let filter), false): return .matching(filter)
        case (nil, nil, true): return .matching(DeadLetters.Filter())
        default:
            throw WireError(
                .invalidParams, "Give exactly one of transaction_ids, filter, and all: true.", path: "transaction_ids")
        }
    }
}
