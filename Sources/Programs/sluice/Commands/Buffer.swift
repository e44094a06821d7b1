// SPDX-License-Identifier: MIT
import ArgumentParser
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

    @Option(help: "How long to wait for each, in seconds.")
    var timeout: Double = 60

    @Flag(help: "Print a summary instead of the receipts.")
    var summary = false

    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard timeout >= 0, timeout <= 3600 else { throw ValidationError("--timeout takes 0 to 3600 seconds.") }
    }

    func run() async throws {
        let transactions: [JSONValue]
        do throws(TransactionInput.Fault) {
            transactions = try TransactionInput.parse(try InputFile.bytes(of: file)).map(SluiceClient.identified)
        } catch {
            throw CommandFailure("\(file): \(error.message)", try: "one JSON object, an array, or one object per line")
        }
        let goal = wait.map { (goal: $0.goal, timeout: Duration.seconds(timeout)) }
        let tally = try await client.withClient { client in
            try await BufferRun(client: client, wait: goal, printsReceipts: !summary).send(transactions)
        }
        if summary { Terminal.print(tally.value, json: true) }
        guard tally.failed == 0, tally.unsent == 0 else {
            throw CommandFailure(
                "\(tally.failed) of \(transactions.count) failed, \(tally.unsent) were not sent.",
                try: "sluice list, or the same file again where it has transaction_ids of its own")
        }
    }
}
