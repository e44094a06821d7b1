// SPDX-License-Identifier: MIT
import ArgumentParser
import JSON
import SluiceClient

/// `sluice cancel`: takes back a pending transaction.
struct Cancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Take back a transaction that is still pending.")

    @Argument(help: "The transaction_id.")
    var id: String

    @Flag(help: "Print the status record as JSON.")
    var json = false

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let record = try await client.withClient { try await $0.cancel(id) }
        if json { Terminal.print(record.value, json: true) } else { Terminal.print(record.status.rawValue) }
    }
}
