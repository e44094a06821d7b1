// SPDX-License-Identifier: MIT
import ArgumentParser
import JSON
import SluiceClient

/// `sluice list`: transactions.
struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List transactions: of one status, oldest first, or the most recent.")

    @Option(help: "pending, processing, retrying, committed, replicated, dead_letter, cancelled or discarded.")
    var status: String?

    @Option(help: "How many, 1 to 1000.")
    var limit = 100

    @Option(help: "Where the page begins: the cursor that the page before has named.")
    var cursor: String?

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let page = try await client.withClient {
            try await $0.transactions(
                status: status.map(TransactionStatus.init(rawValue:)), limit: limit, cursor: cursor)
        }
        page.show(json: json)
    }
}

extension TransactionPage {
    func show(json: Bool) {
        var value: JSONObject = ["transactions": .array(transactions.map(\.value))]
        value["cursor"] = cursor.map { .string($0) }
        let rows = transactions.map { record -> [JSONValue?] in
            let error = record.value["last_error"]?["code"]
            return [
                record.value["transaction_id"], record.value["status"], record.value["attempts"],
                record.value["created_at"], record.value["endpoint"] ?? .null, error ?? .null,
            ]
        }
        let table = Table(["transaction_id", "status", "attempts", "created_at", "endpoint", "last_error"], rows)
        Terminal.print(table, or: .object(value), json: json)
        if let cursor, !json { Terminal.complain("more: --cursor \(CellText.safe(cursor))") }
    }
}
