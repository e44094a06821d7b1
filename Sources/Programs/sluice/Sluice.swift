// SPDX-License-Identifier: MIT
import ArgumentParser
import Daemon
import Glibc

/// The command. Exit codes: 0 done, 1 the operation failed, 2 it was called wrongly.
@main
struct Sluice: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sluice",
        abstract: "A write-behind transaction sidecar.",
        discussion: """
            Client commands find the sidecar by --socket, else $SLUICE_SOCKET_PATH, else sluice.sock in the state directory
            ($SLUICE_STATE_DIRECTORY, $STATE_DIRECTORY, else ./.sluice). Where a person reads a table, --json gives JSON.

            Shell completions: sluice --generate-completion-script bash|zsh|fish
            """,
        version: Daemon.version,
        groupedSubcommands: [
            CommandGroup(name: "Server", subcommands: [Serve.self, Check.self]),
            CommandGroup(
                name: "Transactions", subcommands: [Buffer.self, Status.self, Wait.self, Cancel.self, List.self]),
            CommandGroup(name: "Records", subcommands: [Get.self, Query.self, Keys.self]),
            CommandGroup(
                name: "Operation",
                subcommands: [
                    Health.self, Stats.self, Config.self, Processor.self, DeadLetter.self, Backup.self, Call.self,
                    Bench.self,
                ]),
        ])

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            let ending = CommandEnding(error)
            Terminal.write(ending.output, to: STDOUT_FILENO)
            Terminal.write(ending.complaint, to: STDERR_FILENO)
            if ending.code != 0 { Glibc.exit(ending.code) }
        }
        guard let fault = Terminal.outputFault else { return }
        Terminal.complain("sluice: the output could not be written: \(fault). What was asked is done.")
        Glibc.exit(1)
    }
}
