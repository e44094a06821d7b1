// SPDX-License-Identifier: MIT
import ArgumentParser
import JSON

/// `sluice call`: any method.
struct Call: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Call any method, and print its result as JSON.",
        discussion: "sluice call rpc.discover describes them all.")

    @Argument(help: "The method, such as id.generate.")
    var method: String

    @Argument(help: ArgumentHelp("The params: an object.", valueName: "json"))
    var params: JSONArgument?

    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await client.show(method, params?.value ?? [:], json: true)
    }
}
