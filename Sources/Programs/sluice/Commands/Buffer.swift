// SPDX-License-Identifier: MIT
import ArgumentParser
import Daemon
import Glibc
import JSON
import SluiceClient

/// `sluice buffer`: makes transactions durable.
struct Buffer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Buffer transactions: make them durable, to be applied in the background.",
        discussion: """
            FILE holds one JSON object, an array of them, or one per line; - is standard input. They are sent in order. One
            without transaction_id gets a new one; give your own, so that repeating the command does nothing twice. After a
            failure that may pass (buffer_full, busy...) the rest is not sent; of those that were on their way already, at most
            \(BufferRun.windowMax - 1), some may still be accepted, before the failed one when FILE is sent again.

            Prints a receipt per line, as JSON, in the order of FILE.
            """)

    @Argument(help: "The file, or - for standard input.", completion: .file())
    var file = "-"

    @Option(help: "Wait until each is committed or replicated.")
    var wait: GoalArgument?

    @Option(
        help: ArgumentHelp(
            "How long to wait for each: 500ms, 10s, 5m; at most 1h (default: 60s for --wait, 10s for a receipt).",
            valueName: "duration"), transform: DurationArgument.parse)
    var timeout: Duration?

    @Flag(help: "Print a summary instead of the receipts.")
    var summary = false

    @OptionGroup var sidecar: SidecarOptions

    private static let waitDefault = Duration.seconds(60)
    private static let timeoutMax = Duration.seconds(3600)

    func validate() throws {
        guard timeout ?? .zero <= Self.timeoutMax else { throw ValidationError("--timeout takes 1h at most.") }
    }

    func run() async throws {
        let transactions: [JSONValue]
        do throws(TransactionInput.Fault) {
            transactions = try TransactionInput.parse(try InputFile.bytes(of: file)).map(SluiceClient.identified)
        } catch {
            throw CommandFailure("\(file): \(error.message)", try: "one JSON object, an array, or one object per line")
        }
        let goal = wait.map { (goal: $0.goal, timeout: timeout ?? Self.waitDefault) }
        let tally = try await sidecar.withClient { client in
            let patient = client.waiting(atMost: try await receiptTime(client))
            return try await BufferRun(client: patient, wait: goal, printsReceipts: !summary).send(transactions)
        }
        if summary { Terminal.print(tally.value, json: true) }
        guard tally.failed == 0, tally.unsent == 0 else {
            throw CommandFailure(
                "\(tally.failed) of \(transactions.count) failed, \(tally.unsent) were not sent.",
                try: "sluice list, or the same file again where it has transaction_ids of its own")
        }
    }

    /// A site of type main gives the receipt when it has applied the transaction, or its main.timeout is over.
    private func receiptTime(_ client: SluiceClient) async throws -> Duration {
        if wait == nil, let timeout { return timeout }
        let settings: JSONValue
        do throws(SluiceClientError) {
            settings = try await client.call("server.config")
        } catch {
            guard error.kind == .deadlineExceeded else { throw error }
            throw CommandFailure(
                "\(error.kind.rawValue): The sidecar gives no answer in time; no transaction was sent.",
                try: CommandFailure.hintForSilence)
        }
        guard settings["site.type"]?.string == "main", let text = settings["main.timeout"]?.string,
            let own = DurationText.parse(text)
        else { return SidecarOptions.answerTime }
        return own + SidecarOptions.answerTime
    }
}
