// SPDX-License-Identifier: MIT
import ArgumentParser
import JSON
import SluiceClient

/// `sluice health`: whether all is well.
struct Health: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show whether all is well, and if not, why.",
        discussion: "Succeeds while the sidecar accepts: also when it is degraded. Fails when it is failing.")

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let health = try await client.withClient { try await $0.health() }
        Terminal.print(health, json: json)
        if health["status"]?.string == "failing" {
            throw CommandFailure("The sidecar is failing.", try: "its log")
        }
    }
}
