// SPDX-License-Identifier: MIT
import ArgumentParser
import Glibc
import JSON
import SluiceClient

/// What every command that talks to the sidecar takes.
struct ClientOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Path of the sidecar's socket.", valueName: "path"), completion: .file())
    var socket: String?

    @Option(
        help: ArgumentHelp(
            "The longest request: the sidecar's frame.bytes_max, where it was raised.", valueName: "bytes"))
    var requestBytesMax: Int?

    var path: String { SocketPath.resolve(flag: socket) { getenv($0).map { String(cString: $0) } } }

    /// Runs `body` with a connection; where nobody answers, says how to start the sidecar.
    func withClient<Value>(_ body: (SluiceClient) async throws -> Value) async throws -> Value {
        do {
            var configuration = SluiceClientConfiguration(socketPath: path)
            if let requestBytesMax { configuration.requestBytesMax = requestBytesMax }
            return try await SluiceClient.withClient(configuration, body)
        } catch let error as SluiceClientError where error.kind == .connectionFailed {
            throw CommandFailure(error.message, try: "sluice serve --socket \(path)")
        }
    }

    /// One call, printed as it is or, for people, as lines of names and values.
    func show(_ method: String, _ params: JSONValue = [:], json: Bool) async throws {
        let result = try await withClient { try await $0.call(method, params) }
        Terminal.print(result, json: json)
    }
}
