// SPDX-License-Identifier: MIT
import ArgumentParser
import Glibc
import JSON
import SluiceClient

/// `sluice processor drain`: until nothing is left to apply.
struct ProcessorDrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain", abstract: "Apply all there is.",
        discussion: "Fails when something remains after the time, for instance behind a dead transaction.")

    /// How often a terminal's bar moves.
    private static let sliceShown = Duration.milliseconds(250)
    private static let slice = Duration.seconds(10)

    @Option(
        help: ArgumentHelp("How long: 500ms, 10s, 5m (default: 60s).", valueName: "duration"),
        transform: DurationArgument.parse)
    var timeout: Duration?

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var sidecar: SidecarOptions

    private static let timeoutDefault = Duration.seconds(60)

    func run() async throws {
        let (isDrained, remaining, isPaused) = try await sidecar.withClient { client in
            let isPaused = try await client.processorStatus()["state"]?.string == "paused"
            // Where several sidecars share a site another one may apply all the same.
            if isPaused { Terminal.complain("The processor is paused; `sluice processor resume` lets it go on.") }
            let state = try await drain(client)
            return (state.isDrained, state.remaining, isPaused)
        }
        Terminal.print(["drained": .bool(isDrained), "remaining": .integer(remaining)], json: json)
        guard isDrained else {
            throw CommandFailure(
                "\(remaining) remain.",
                try: isPaused ? "sluice processor resume" : "sluice health, which says what keeps them")
        }
    }

    /// In slices, so that the bar moves and no call outlasts its connection's patience.
    private func drain(_ client: SluiceClient) async throws -> (isDrained: Bool, remaining: Int64) {
        let clock = ContinuousClock()
        let end = clock.now + (timeout ?? Self.timeoutDefault)
        var bar = ProgressBar("drain")
        defer { bar.clear() }
        let slice = Terminal.isTerminal(STDERR_FILENO) ? Self.sliceShown : Self.slice
        var most: Int64 = 0
        while true {
            let start = clock.now
            let left = max(.zero, end - start)
            let state = try await client.drain(timeout: min(slice, left))
            most = max(most, state.remaining)
            bar.update(Int(most - state.remaining), of: Int(most))
            // An early answer: what remains waits behind a dead transaction.
            if state.isDrained || left <= slice || clock.now - start < slice { return state }
        }
    }
}
