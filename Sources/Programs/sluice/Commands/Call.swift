// SPDX-License-Identifier: MIT
import ArgumentParser
import JSON

/// `sluice call`: any method.
struct Call: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Call any method, and print its result as JSON.",
        discussion: """
            sluice call rpc.discover describes them all. A method with a timeout_ms has that time, and then --timeout for its
            answer.
            """)

    @Argument(help: "The method, such as id.generate.")
    var method: String

    @Argument(help: ArgumentHelp("The params: an object.", valueName: "json"))
    var params: JSONArgument?

    @OptionGroup var client: ClientOptions

    func run() async throws {
        var client = client
        if let timeout = client.timeout { client.timeout = timeout + waitTime }
        try await client.show(method, params?.value ?? [:], extra: waitTime + workTime, json: true)
    }

    /// How long the method may wait: as its params say, or by default.
    var waitTime: Duration {
        if let milliseconds = params?.value["timeout_ms"]?.int64 { return .milliseconds(max(0, milliseconds)) }
        return ["transaction.wait", "processor.drain"].contains(method) ? .seconds(30) : .zero
    }

    /// How long the method may work, where --timeout says nothing else.
    var workTime: Duration {
        switch method {
        case "server.backup": Backup.copyTime
        case "dead_letter.retry", "dead_letter.discard": DeadLetterSelection.workTime
        // At a site of type main they answer when it is applied.
        case "transaction.buffer", "record.update": .seconds(60)
        default: .zero
        }
    }
}
