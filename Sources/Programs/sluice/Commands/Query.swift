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

    @Option(help: "How many, 1 to 1000.")
    var limit: Int64?

    @Option(help: "How many to leave out.")
    var offset: Int64?

    @Flag(help: "Count all that match.")
    var count = false

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var client: ClientOptions

    var params: JSONObject {
        var params: JSONObject = ["model": .string(model)]
        params["where"] = `where`?.value
        params["order_by"] = orderBy.map { .array($0.split(separator: ",").map { .string(String($0)) }) }
        params["limit"] = limit.map { .integer($0) }
        params["offset"] = offset.map { .integer($0) }
        if count { params["count"] = true }
        return params
    }

    func run() async throws {
        let result = try await client.withClient { try await $0.call("record.query", .object(params)) }
        let records = (result["records"]?.array ?? []).compactMap(\.object)
        if json || !records.isEmpty { Terminal.print(Table(records: records), or: result, json: json) }
        guard !json else { return }
        if records.isEmpty { Terminal.complain("no record matches") }
        if let count = result["count"]?.int64 { Terminal.complain("\(count) in all") }
        if let pending = result["pending_count"]?.int64, pending > 0 { Terminal.complain("\(pending) on their way") }
    }
}
