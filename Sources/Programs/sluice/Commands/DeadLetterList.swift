// SPDX-License-Identifier: MIT
import ArgumentParser
import SluiceClient

/// `sluice dead-letter list`.
struct DeadLetterList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List them.")

    @OptionGroup var filter: DeadLetterFilter

    @Option(help: "How many, 1 to 1000.")
    var limit = 100

    @Option(help: "Where the page begins: the cursor that the page before has named.")
    var cursor: String?

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let page = try await client.withClient {
            try await $0.deadLetters(filter: filter.value, limit: limit, cursor: cursor)
        }
        page.show(json: json)
    }
}
