// SPDX-License-Identifier: MIT
import ArgumentParser
import JSON
import SluiceClient

/// `sluice dead-letter discard`.
struct DeadLetterDiscard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "discard", abstract: "Give them up; what they held goes on.")

    @OptionGroup var selection: DeadLetterSelection

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let result = try await client.withClient(extra: DeadLetterSelection.workTime) {
            try await $0.discardDeadLetters(selection.selected)
        }
        Terminal.print(result, json: json)
        let discarded = result.object?["discarded"]?.array?.compactMap(\.string) ?? []
        let missing = selection.ids.filter { !discarded.contains($0) }
        guard missing.isEmpty else {
            throw CommandFailure(
                "\(missing.joined(separator: ", ")): not in the dead letter.", try: "sluice dead-letter list")
        }
    }
}
