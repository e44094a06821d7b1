// SPDX-License-Identifier: MIT
import ArgumentParser
import JSON

/// `sluice config`: the configuration in effect.
struct Config: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the configuration in effect; secrets are masked.")

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await client.show("server.config", json: json)
    }
}
