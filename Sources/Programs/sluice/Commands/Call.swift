// SPDX-License-Identifier: MIT
import ArgumentParser
import JSON

/// `sluice call`: any method.
struct Call: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Call any method, and print its result as JSON.",
        discussion: """
            sluice call rpc.discover describes them all. A method with a timeout_ms has that time, and --timeout for its answer.
            """)

    @Argument(help: "The method, such as id.generate.")
    var method: String

    @Argument(help: ArgumentHelp("The params: an object.", valueName: "json"))
    var params: JSONArgument?

    @OptionGroup var client: ClientOptions

    func run() async throws {
        var client = client
        client.timeout = (client.timeout ?? SidecarOptions.answerTime) + ownTime
        try await client.show(method, params?.value ?? [:], json: true)
    }

    /// What the method itself may take, as its params say, or by default.
    var ownTime: Duration {
        if let milliseconds = params?.value["timeout_ms"]?.int64 { return .milliseconds(max(0, milliseconds)) }
        switch method {
        case "transaction.wait", "processor.drain": return .seconds(30)
        case "server.backup": return Backup.copyTime
        // At a site of type main they answer when it is applied.
        case "transaction.buffer", "record.update": return .seconds(60)
        default: return .zero
        }
    }
}
