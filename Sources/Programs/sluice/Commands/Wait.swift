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

    @Option(
        help: ArgumentHelp("How long: 500ms, 10s, 5m; at most 1h (default: 60s).", valueName: "duration"),
        transform: DurationArgument.parse)
    var timeout: Duration?

    @Flag(help: "Print the status record as JSON.")
    var json = false

    @OptionGroup var sidecar: SidecarOptions

    private static let timeoutDefault = Duration.seconds(60)
    private static let timeoutMax = Duration.seconds(3600)

    func validate() throws {
        guard timeout ?? .zero <= Self.timeoutMax else { throw ValidationError("--timeout takes 1h at most.") }
    }

    func run() async throws {
        let record = try await sidecar.withClient {
            try await $0.wait(for: id, until: until.goal, timeout: timeout ?? Self.timeoutDefault)
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
