// SPDX-License-Identifier: MIT
import ArgumentParser
import JSON
import SluiceClient

/// `sluice query`: records by condition.
struct Query: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show records by condition, with everything that is still on its way.",
        discussion: """
            --where '{"state": "busy", "size": {"gt": 3}}'; operators: eq ne lt lte gt gte in null; $and and $or take arrays.
            """)

    @Argument(help: "The model: a table of the main database.")
    var model: String

    @Option(help: ArgumentHelp("The condition.", valueName: "json"))
    var `where`: JSONArgument?

    @Option(parsing: .unconditional, help: "Columns, joined by commas; - in front turns one round: --order-by a,-b.")
    var orderBy: String?

    @Option(help: "How many, 1 to 1000 (default: 100).")
    var limit: Int64?

    @Option(help: "How many to leave out.")
    var offset: Int64?

    @Flag(help: "Count all that match.")
    var count = false

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var client: ClientOptions

    /// The sidecar's.
    private static let limitDefault: Int64 = 100

    var params: JSONObject {
        var params: JSONObject = ["model": .string(model)]
        params["where"] = `where`?.value
        params["order_by"] = orderBy.map { .array($0.split(separator: ",").map { .string(String($0)) }) }
        params["limit"] = limit.map { .integer($0) }
        params["offset"] = offset.map { .integer($0) }
        if count { params["count"] = true }
        return params
    }

    /// Where the next page begins; nil: there is none. A full page may be the last: then one record is asked for.
    private func nextOffset(after answer: JSONValue, _ client: SluiceClient) async throws -> Int64? {
        let shown = Int64(answer["records"]?.array?.count ?? 0)
        guard shown > 0, shown >= limit ?? Self.limitDefault else { return nil }
        let next = (offset ?? 0) + shown
        if let all = answer["count"]?.int64 { return next < all ? next : nil }
        var params = params
        params["offset"] = .integer(next)
        params["limit"] = 1
        let more = try await client.call("record.query", .object(params))["records"]?.array ?? []
        return more.isEmpty ? nil : next
    }

    func run() async throws {
        let (answer, next) = try await client.withClient { client -> (JSONValue, Int64?) in
            let answer = try await client.call("record.query", .object(params))
            return (answer, try await nextOffset(after: answer, client))
        }
        var result = answer.object ?? [:]
        result["next_offset"] = next.map { .integer($0) }
        let records = (answer["records"]?.array ?? []).compactMap(\.object)
        if json || !records.isEmpty { Terminal.print(Table(records: records), or: .object(result), json: json) }
        if let next { Terminal.complain("more: --offset \(next)") }
        guard !json else { return }
        if records.isEmpty { Terminal.complain("no record matches") }
        if let count = answer["count"]?.int64 { Terminal.complain("\(count) in all") }
        if let pending = answer["pending_count"]?.int64, pending > 0 { Terminal.complain("\(pending) on their way") }
    }
}
