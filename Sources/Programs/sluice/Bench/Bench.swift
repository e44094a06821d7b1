// SPDX-License-Identifier: MIT
import ArgumentParser
import JSON
import NIOCore
import SluiceClient

/// `sluice bench`: how fast, how slow at worst.
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Load the sidecar in a closed loop, and measure it.",
        discussion: """
            Each connection keeps --pipeline requests under way. By default they buffer a create of one record; the model
            needs a table of this shape in the main database:

              \(Self.table("bench_record"))

            For comparison, any method: --method keyspace.command --params '{"command": ["GET", "key"]}'.
            The client shares the machine: see client_cpu_microseconds_per_request.
            """)

    @Option(help: "Connections.")
    var connections = 64

    @Option(help: "Requests under way on each connection.")
    var pipeline = 1

    @Option(help: "Bytes of a record's payload column.")
    var payload = 400

    @Option(
        help: ArgumentHelp("How long: 500ms, 10s, 5m; 10s unless --count is given.", valueName: "duration"),
        transform: DurationArgument.parse)
    var duration: Duration?

    @Option(help: "Requests in all, instead of a time.")
    var count: Int?

    @Option(help: "The model of the records.")
    var model = "bench_record"

    @Option(help: "Another method than transaction.buffer, such as server.health.")
    var method = "transaction.buffer"

    @Option(help: ArgumentHelp("Params for --method.", valueName: "json"))
    var params: JSONArgument?

    @Flag(help: "Then wait until all is committed, and tell that rate too.")
    var waitDrain = false

    @Option(
        help: ArgumentHelp("How long to wait for that: 30s, 5m (default: 10m).", valueName: "duration"),
        transform: DurationArgument.parse)
    var drainTimeout: Duration?

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var sidecar: SidecarOptions

    func validate() throws {
        guard (1...10_000).contains(connections) else { throw ValidationError("--connections takes 1 to 10000.") }
        guard (1...BenchTemplate.slotsMax).contains(pipeline) else {
            throw ValidationError("--pipeline takes 1 to \(BenchTemplate.slotsMax).")
        }
        guard (0...1_000_000).contains(payload) else { throw ValidationError("--payload takes 0 to 1000000 bytes.") }
        guard duration == nil || count == nil else { throw ValidationError("Either --duration or --count.") }
        guard duration != .zero, (count ?? 1) > 0 else { throw ValidationError("A load has a size above 0.") }
        guard params == nil || method != "transaction.buffer" else {
            throw ValidationError("--params goes with another --method.")
        }
        guard !waitDrain || method == "transaction.buffer" else {
            throw ValidationError("--wait-drain goes with transaction.buffer.")
        }
    }

    func run() async throws {
        let template = template
        let run = BenchRun(
            path: sidecar.path, connections: connections, depth: pipeline, template: template, count: count,
            duration: count == nil ? TimeAmount(duration ?? .seconds(10)) : nil)
        let report = try await sidecar.withClient { client in
            let durability = try await client.health()["keyspace"]?["durability"]?.string ?? "unknown"
            let drain = waitDrain ? try await BenchDrain(client) : nil
            let load = try await run.run()
            let drained = try await drain?.finish(timeout: drainTimeout ?? .seconds(600))
            return BenchReport(
                method: method, connections: connections, depth: pipeline, frameBytes: template.frame.count,
                durability: durability, load: load, drain: drained)
        }
        Terminal.print(report.value, json: json)
        guard report.load.succeeded > 0 else { throw Self.failure(of: report, model: model) }
    }

    /// No request succeeded.
    static func failure(of report: BenchReport, model: String) -> CommandFailure {
        if report.method == "transaction.buffer", report.load.errors["validation_failed"] != nil {
            return CommandFailure(
                "No request succeeded: the main database has no table \(CellText.safe(model)), or one of another shape.",
                try: "in the main database: " + table(model))
        }
        let kinds = report.load.errors.keys.sorted().joined(separator: ", ")
        return CommandFailure("No request succeeded: \(kinds.isEmpty ? "no answer" : kinds).", try: "sluice health")
    }

    /// The statement that makes what the records need.
    private static func table(_ model: String) -> String {
        "CREATE TABLE \(CellText.safe(model)) (id TEXT PRIMARY KEY, payload TEXT)"
    }

    private var template: BenchTemplate {
        guard method != "transaction.buffer" else { return .buffer(model: model, payloadBytes: payload) }
        return .method(method, params: params?.value ?? [:])
    }
}
