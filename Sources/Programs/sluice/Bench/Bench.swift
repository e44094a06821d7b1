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

              CREATE TABLE bench_record (id TEXT PRIMARY KEY, payload TEXT)

            For comparison, any method: --method keyspace.command --params '{"command": ["GET", "key"]}'.
            The client shares the machine: see client_cpu_microseconds_per_request.
            """)

    @Option(help: "Connections.")
    var connections = 64

    @Option(help: "Requests under way on each connection.")
    var pipeline = 1

    @Option(help: "Bytes of a record's payload column.")
    var payload = 400

    @Option(help: "Seconds; 10 unless --count is given.")
    var duration: Double?

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

    @Option(help: "How long to wait for that, in seconds.")
    var drainTimeout: Double = 600

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard (1...10_000).contains(connections) else { throw ValidationError("--connections takes 1 to 10000.") }
        guard (1...BenchTemplate.slotsMax).contains(pipeline) else {
            throw ValidationError("--pipeline takes 1 to \(BenchTemplate.slotsMax).")
        }
        guard (0...1_000_000).contains(payload) else { throw ValidationError("--payload takes 0 to 1000000 bytes.") }
        guard duration == nil || count == nil else { throw ValidationError("Either --duration or --count.") }
        guard (duration ?? 1) > 0, (count ?? 1) > 0 else { throw ValidationError("A load has a size above 0.") }
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
            path: client.path, connections: connections, depth: pipeline, template: template, count: count,
            duration: count == nil ? .nanoseconds(Int64((duration ?? 10) * 1e9)) : nil)
        let report = try await client.withClient { client in
            let durability = try await client.health()["keyspace"]?["durability"]?.string ?? "unknown"
            let drain = waitDrain ? try await BenchDrain(client) : nil
            let load = try await run.run()
            let drained = try await drain?.finish(timeout: .seconds(drainTimeout))
            return BenchReport(
                method: method, connections: connections, depth: pipeline, frameBytes: template.frame.count,
                durability: durability, load: load, drain: drained)
        }
        Terminal.print(report.value, json: json)
        guard report.load.succeeded > 0 else {
            throw CommandFailure("No request succeeded.", try: "sluice bench --help, for the table it needs")
        }
    }

    private var template: BenchTemplate {
        guard method != "transaction.buffer" else { return .buffer(model: model, payloadBytes: payload) }
        return .method(method, params: params?.value ?? [:])
    }
}
