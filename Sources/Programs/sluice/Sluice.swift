// SPDX-License-Identifier: MIT
import ArgumentParser

/// The command.
@main
struct Sluice: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sluice", abstract: "A write-behind transaction sidecar.", subcommands: [Serve.self])
}
