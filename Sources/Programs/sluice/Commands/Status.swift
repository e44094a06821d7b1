// SPDX-License-Identifier: MIT
import ArgumentParser
import JSON

/// `sluice status`: where a transaction stands.
struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show where a transaction stands.")

    @Argument(help: "The transaction_id.")
    var id: String

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await client.show("transaction.status", ["transaction_id": .string(id)], json: json)
    }
}
