// SPDX-License-Identifier: MIT
import ArgumentParser
import JSON
import SluiceClient

/// `sluice dead-letter retry`.
struct DeadLetterRetry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Send them back, with fresh attempts.",
        discussion: """
            --changes '[{"step_id": "tel", "data": {"state": "busy"}}]' mends the data of exactly one.
            """)

    @OptionGroup var selection: DeadLetterSelection

    @Option(help: ArgumentHelp("Data to mend, by step.", valueName: "json"))
    var changes: JSONArgument?

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard changes == nil || selection.ids.count == 1 else {
            throw ValidationError("--changes goes with exactly one id.")
        }
    }

    func run() async throws {
        let result = try await client.withClient(extra: DeadLetterSelection.workTime) {
            try await $0.retryDeadLetters(selection.selected, changes: changes?.value)
        }
        Terminal.print(result, json: json)
        let failed = result["failed"]?.array?.count ?? 0
        guard failed == 0 else {
            throw CommandFailure("\(failed) could not be sent back.", try: "sluice dead-letter list")
        }
    }
}
