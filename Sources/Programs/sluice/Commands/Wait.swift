// SPDX-License-Identifier: MIT
import ArgumentParser
import JSON
import SluiceClient

/// `sluice wait`: until a transaction is where it shall be.
struct Wait: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Wait until a transaction is committed or replicated.",
        discussion: "Fails when the time is over, or when the transaction can't get there any more.")

    @Argument(help: "The transaction_id.")
    var id: String

    @Option(help: "The goal: committed or replicated.")
    var until = GoalArgument.committed

    @Option(help: "How long, in seconds; at most 3600.")
    var timeout: Double = 60

    @Flag(help: "Print the status record as JSON.")
    var json = false

    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard timeout >= 0, timeout <= 3600 else { throw ValidationError("--timeout takes 0 to 3600 seconds.") }
    }

    func run() async throws {
        let record = try await client.withClient {
            try await $0.wait(for: id, until: until.goal, timeout: .seconds(timeout))
        }
        if json { Terminal.print(record.value, json: true) } else { Terminal.print(record.status.rawValue) }
        guard record.status.hasReached(until.goal) else {
            throw CommandFailure(
                record.timedOut ? "The time is over." : "It is \(record.outcomeText) and gets no further by itself.",
                try: record.timedOut ? "sluice health, which says what keeps it" : "sluice status \(id)")
        }
    }
}

extension TransactionRecord {
    /// Its status, and the code and message of its last failure if there was one.
    var outcomeText: String {
        guard let error = value["last_error"], let code = error["code"]?.string else { return "\(status)" }
        return "\(status) (\(code): \(error["message"]?.string ?? ""))"
    }
}
