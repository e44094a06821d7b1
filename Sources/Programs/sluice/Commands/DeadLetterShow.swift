// SPDX-License-Identifier: MIT
import ArgumentParser
import JSON

/// `sluice dead-letter show`.
struct DeadLetterShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show one, with its error.")

    @Argument(help: "The transaction_id.")
    var id: String

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await client.show("dead_letter.get", ["transaction_id": .string(id)], json: json)
    }
}
