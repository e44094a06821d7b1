// SPDX-License-Identifier: MIT
import ArgumentParser
import JSON
import SluiceClient
import Testing

@testable import sluice

@Suite("The command line")
struct ArgumentTests {
    @Test(
        "Command lines that are understood",
        arguments: [
            "buffer", "buffer -", "buffer f --wait replicated --timeout 5 --summary", "status t --json",
            "wait t --until committed", "cancel t", "list --status pending --limit 5 --cursor c", "get m 1",
            #"get m {"a":1,"b":2}"#, #"query m --where {"a":1} --order-by a,-b --limit 1 --offset 2 --count --json"#,
            "dead-letter", "dead-letter list --code X --model m --endpoint e", "dead-letter show t",
            "dead-letter retry t u", "dead-letter retry --all", "dead-letter retry --code X",
            #"dead-letter retry t --changes [{"step_id":"a","data":{}}]"#, "dead-letter discard t", "processor",
            "processor status", "processor pause", "processor resume", "processor drain --timeout 3", "keys",
            "keys site:* --json", "keys --show k", "call server.health", #"call id.generate {"model":"m"}"#, "health",
            "stats", "config", "backup f", "bench", "bench --count 5 --connections 1 --pipeline 2 --wait-drain",
            "bench --method keyspace.command --params {}", "health --socket /tmp/s",
            "wait t --timeout 500ms", "buffer f --wait committed --timeout 5m", "processor drain --timeout 0",
            "health --timeout 2s", "bench --duration 500ms --wait-drain --drain-timeout 5m", "call m --timeout 1",
        ])
    func understood(line: String) throws {
        _ = try Sluice.parseAsRoot(words(line))
    }

    @Test(
        "Command lines that are refused with exit code 2, and a line that says what to try",
        arguments: [
            ("nonsense", "sluice --help"), ("status", "sluice status --help"),
            ("status t --nonsense", "sluice status --help"),
            ("wait t --until soon", "sluice wait --help"), ("wait t --timeout 4000", "sluice wait --help"),
            ("wait t --timeout 2h", "sluice wait --help"), ("health --timeout soon", "sluice health --help"),
            ("processor drain --timeout 1y", "sluice processor drain --help"),
            ("bench --duration 0", "sluice bench --help"),
            ("buffer f --timeout -1", "sluice buffer --help"), ("query m --where {", "sluice query --help"),
            ("get m {", "sluice get --help"), ("get m", "sluice get --help"),
            ("dead-letter retry", "sluice dead-letter retry --help"),
            ("dead-letter retry t --all", "sluice dead-letter retry --help"),
            ("dead-letter retry t u --changes []", "sluice dead-letter retry --help"),
            ("dead-letter discard", "sluice dead-letter discard --help"), ("keys --limit 0", "sluice keys --help"),
            ("bench --connections 0", "sluice bench --help"), ("bench --pipeline 9001", "sluice bench --help"),
            ("bench --count 1 --duration 1", "sluice bench --help"), ("bench --params {}", "sluice bench --help"),
            ("bench --method server.health --wait-drain", "sluice bench --help"), ("call m []x", "sluice call --help"),
        ])
    func refused(line: String, hint: String) {
        let error = #expect(throws: (any Error).self) { try Sluice.parseAsRoot(words(line)) }
        guard let error else { return }
        let ending = CommandEnding(error)
        #expect(ending.code == 2)
        #expect(ending.output.isEmpty)
        #expect(ending.complaint.hasPrefix("sluice: "))
        #expect(ending.complaint.hasSuffix("\ntry: \(hint)\n"))
    }

    @Test("What a duration may be is said where one is refused")
    func durations() throws {
        let error = #expect(throws: (any Error).self) { try Sluice.parseAsRoot(words("wait t --timeout 1second")) }
        #expect(CommandEnding(try #require(error)).complaint.contains("a number of seconds, or a number with ms, s, m"))
        let wait = try #require(try Sluice.parseAsRoot(words("wait t --timeout 500ms")) as? Wait)
        #expect(wait.timeout == .milliseconds(500))
        #expect((try Sluice.parseAsRoot(words("wait t --timeout 90")) as? Wait)?.timeout == .seconds(90))
    }

    @Test(
        "A call has the time of its method, and that of its answer",
        arguments: [
            ("server.health", 0, 0), (#"transaction.wait {"timeout_ms":5000}"#, 5, 0), ("transaction.wait", 30, 0),
            ("processor.drain", 30, 0), ("transaction.buffer", 0, 60), ("server.backup", 0, 3600),
        ])
    func ownTime(line: String, waits: Int, works: Int) throws {
        let call = try #require(try Sluice.parseAsRoot(words("call " + line)) as? Call)
        #expect(call.waitTime == .seconds(waits) && call.workTime == .seconds(works))
    }

    @Test(
        "Where no connection came about, the line says what to do about its cause",
        arguments: [
            (SluiceClientError(.connectionFailed, "m", retryable: true), "sluice serve --socket /s"),
            (SluiceClientError(.connectionFailed, "m", detail: "permission"), "as the user that runs the sidecar"),
            (SluiceClientError(.connectionFailed, "m", detail: "path_length"), "--socket with the path"),
            (SluiceClientError(.connectionFailed, "m", detail: "no_socket"), "--socket with the path"),
            (SluiceClientError(.deadlineExceeded, "m", retryable: true), "its log, and whether its process runs"),
            (SluiceClientError(.outcomeUnknown, "m", retryable: true), "sluice health, then whether it took effect"),
        ])
    func silence(error: SluiceClientError, hint: String) throws {
        #expect(try #require(CommandFailure(error, path: "/s")).hint.hasPrefix(hint))
    }

    @Test("What the sidecar itself has answered stays as it is", arguments: ["deadline_exceeded", "busy"])
    func answered(kind: String) {
        let error = SluiceClientError(SluiceErrorKind(rawValue: kind), "m", code: -32012, retryable: true)
        #expect(CommandFailure(error, path: "/s") == nil)
    }

    @Test("Help and version are answers, not errors", arguments: ["--help", "--version", "bench --help"])
    func asked(line: String) throws {
        let error = #expect(throws: (any Error).self) {
            var command = try Sluice.parseAsRoot(words(line))
            try command.run()
        }
        let ending = CommandEnding(try #require(error))
        #expect(ending.code == 0)
        #expect(!ending.output.isEmpty)
        #expect(ending.complaint.isEmpty)
    }

    @Test("A failed operation ends with 1 and a try line")
    func failures() {
        let ours = CommandEnding(CommandFailure("It broke.", try: "sluice health"))
        #expect(ours.code == 1)
        #expect(ours.complaint == "sluice: It broke.\ntry: sluice health\n")
        let theirs = CommandEnding(SluiceClientError(.notFound, "There is none.", path: "id"))
        #expect(theirs.code == 1)
        #expect(theirs.complaint == "sluice: not_found: There is none. (at id)\ntry: sluice list\n")
        #expect(CommandEnding(ExitCode(2)).code == 2)
        #expect(CommandEnding(ExitCode(2)).complaint.isEmpty)
    }

    @Test("The query's parameters are those that were given")
    func query() throws {
        let line = #"query m --where {"a":{"gt":1}} --order-by a,-b --limit 7 --count"#
        let query = try #require(try Sluice.parseAsRoot(words(line)) as? Query)
        let expected: JSONObject = [
            "model": "m", "where": ["a": ["gt": 1]], "order_by": ["a", "-b"], "limit": 7, "count": true,
        ]
        #expect(query.params == expected)
        let bare = try #require(try Sluice.parseAsRoot(["query", "m"]) as? Query)
        #expect(bare.params == ["model": "m"])
    }

    @Test("Dead letters are chosen by ids, by filter, or all")
    func selection() throws {
        func selected(_ line: String) throws -> SluiceClient.DeadLetters? {
            (try Sluice.parseAsRoot(words("dead-letter retry " + line)) as? DeadLetterRetry)?.selection.selected
        }
        #expect(try selected("t u") == .ids(["t", "u"]))
        #expect(try selected("--all") == .all)
        #expect(try selected("--code X --endpoint e") == .filter(["code": "X", "endpoint": "e"]))
    }

    @Test(
        "The socket: the flag, the variable, the state directory's, in this order",
        arguments: [
            ("/f", ["SLUICE_SOCKET_PATH": "/e"], "/f"),
            (nil, ["SLUICE_SOCKET_PATH": "/e", "SLUICE_STATE_DIRECTORY": "/s"], "/e"),
            (nil, ["SLUICE_STATE_DIRECTORY": "/s", "STATE_DIRECTORY": "/d"], "/s/sluice.sock"),
            (nil, ["SLUICE_STATE_DIRECTORY": "", "STATE_DIRECTORY": "/d"], "/d/sluice.sock"),
            (nil, [:], "./.sluice/sluice.sock"),
        ] as [(String?, [String: String], String)])
    func socket(flag: String?, environment: [String: String], path: String) {
        #expect(SocketPath.resolve(flag: flag) { environment[$0] } == path)
    }

    private func words(_ line: String) -> [String] { line.split(separator: " ").map(String.init) }
}
