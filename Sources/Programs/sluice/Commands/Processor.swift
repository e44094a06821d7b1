// SPDX-License-Identifier: MIT
import ArgumentParser
import JSON

/// `sluice processor`: the background processor.
struct Processor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at, pause, resume or drain the background processor.",
        subcommands: [ProcessorStatus.self, ProcessorPause.self, ProcessorResume.self, ProcessorDrain.self],
        defaultSubcommand: ProcessorStatus.self)
}

struct ProcessorStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "status", abstract: "Show what it does.")

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await client.show("processor.status", json: json)
    }
}

struct ProcessorPause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Stop applying; accepting goes on.")

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await client.show("processor.pause", json: json)
    }
}

struct ProcessorResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "resume", abstract: "Go on applying.")

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await client.show("processor.resume", json: json)
    }
}
