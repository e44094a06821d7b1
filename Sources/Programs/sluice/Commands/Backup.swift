// SPDX-License-Identifier: MIT
import ArgumentParser
import Glibc
import JSON

/// `sluice backup`: a consistent copy of the keyspace.
struct Backup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a consistent copy of the embedded keyspace, on the sidecar's machine.")

    @Argument(help: "Where to; a relative path is taken from here.", completion: .file())
    var path: String

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var client: ClientOptions

    /// For gigabytes on a slow disk.
    static let copyTime = Duration.seconds(3600)

    func run() async throws {
        try await client.show("server.backup", ["path": .string(absolute)], extra: Self.copyTime, json: json)
    }

    /// The sidecar has a working directory of its own.
    private var absolute: String {
        guard !path.hasPrefix("/"), let here = getcwd(nil, 0) else { return path }
        defer { free(here) }
        return String(cString: here) + "/" + path
    }
}
