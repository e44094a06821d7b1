// SPDX-License-Identifier: MIT
import ArgumentParser
import JSON

/// `sluice stats`: counters.
struct Stats: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show counters, and whether they add up: counters.conserved.")

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await client.show("server.stats", json: json)
    }
}
