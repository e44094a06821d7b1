// SPDX-License-Identifier: MIT
import ArgumentParser
import Glibc
import JSON
import SluiceClient

/// Where the sidecar is, for every command that talks to it.
struct SidecarOptions: ParsableArguments {
    /// How long the answer to a short request may take. A sidecar that is well needs milliseconds.
    static let answerTime = Duration.seconds(10)

    @Option(help: ArgumentHelp("Path of the sidecar's socket.", valueName: "path"), completion: .file())
    var socket: String?

    @Option(
        help: ArgumentHelp(
            "The longest request: the sidecar's frame.bytes_max, where it was raised.", valueName: "bytes"))
    var requestBytesMax: Int?

    var path: String { SocketPath.resolve(flag: socket) { getenv($0).map { String(cString: $0) } } }

    /// Runs `body` with a connection; where nobody answers, says what to do.
    ///
    /// - Parameter deadline: Of each call, except that waits and drains have their own time before it.
    func withClient<Value>(
        deadline: Duration = answerTime, _ body: (SluiceClient) async throws -> Value
    ) async throws -> Value {
        do {
            var configuration = SluiceClientConfiguration(socketPath: path)
            configuration.deadline = deadline
            if let requestBytesMax { configuration.requestBytesMax = requestBytesMax }
            return try await SluiceClient.withClient(configuration, body)
        } catch let error as SluiceClientError {
            throw CommandFailure(error, path: path) ?? error
        }
    }
}

/// The same, for commands of short requests.
struct ClientOptions: ParsableArguments {
    @OptionGroup var sidecar: SidecarOptions

    @Option(
        help: ArgumentHelp(
            "How long to wait for the answer: 500ms, 10s, 5m (default: 10s).", valueName: "duration"),
        transform: DurationArgument.parse)
    var timeout: Duration?

    /// - Parameter extra: What the request itself may take, beside its answer, where no time was given.
    func withClient<Value>(
        extra: Duration = .zero, _ body: (SluiceClient) async throws -> Value
    ) async throws -> Value {
        try await sidecar.withClient(deadline: timeout ?? SidecarOptions.answerTime + extra, body)
    }

    /// One call, printed as it is or, for people, as lines of names and values.
    func show(_ method: String, _ params: JSONValue = [:], extra: Duration = .zero, json: Bool) async throws {
        let result = try await withClient(extra: extra) { try await $0.call(method, params) }
        Terminal.print(result, json: json)
    }
}
