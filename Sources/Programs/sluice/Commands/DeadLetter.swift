// SPDX-License-Identifier: MIT
import ArgumentParser
import JSON
import SluiceClient

/// `sluice dead-letter`: transactions that failed for good.
struct DeadLetter: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letter", abstract: "List, show, retry or discard transactions that failed for good.",
        subcommands: [DeadLetterList.self, DeadLetterShow.self, DeadLetterRetry.self, DeadLetterDiscard.self],
        defaultSubcommand: DeadLetterList.self)
}

/// Which of them: members are joined by AND.
struct DeadLetterFilter: ParsableArguments {
    @Option(help: "Only those whose last error has this code.")
    var code: String?

    @Option(help: "Only those with a step on this model.")
    var model: String?

    @Option(help: "Only those of this endpoint.")
    var endpoint: String?

    /// Nil: no condition was given.
    var value: JSONValue? {
        var filter: JSONObject = [:]
        filter["code"] = code.map { .string($0) }
        filter["model"] = model.map { .string($0) }
        filter["endpoint"] = endpoint.map { .string($0) }
        return filter.isEmpty ? nil : .object(filter)
    }
}

/// What retry and discard take: ids, a filter, or all; exactly one of them.
struct DeadLetterSelection: ParsableArguments {
    @Argument(help: "transaction_ids.")
    var ids: [String] = []

    @Flag(help: "All of them.")
    var all = false

    @OptionGroup var filter: DeadLetterFilter

    /// There may be thousands of them.
    static let workTime = Duration.seconds(60)

    func validate() throws {
        guard [!ids.isEmpty, all, filter.value != nil].count(where: \.self) == 1 else {
            throw ValidationError("Name ids, or a filter, or --all; exactly one of them.")
        }
    }

    var selected: SluiceClient.DeadLetters {
        if all { return .all }
        return filter.value.map { .filter($0) } ?? .ids(ids)
    }
}
