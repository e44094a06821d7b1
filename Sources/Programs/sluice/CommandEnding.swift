// SPDX-License-Identifier: MIT
import ArgumentParser
import SluiceClient

/// How the program ends after an error: what it says where, and its exit code.
struct CommandEnding {
    static let failed: Int32 = 1
    static let misused: Int32 = 2

    /// For standard output: help and version, which were asked for.
    let output: String
    /// For standard error.
    let complaint: String
    let code: Int32

    init(_ error: any Error) {
        switch error {
        case let error as SluiceClientError:
            self.init(complaint: Self.complaint("\(error)", try: CommandFailure.hint(for: error)), code: Self.failed)
        case let error as CommandFailure:
            self.init(complaint: Self.complaint(error.message, try: error.hint), code: Self.failed)
        default:
            self.init(parser: error)
        }
    }

    private init(output: String = "", complaint: String = "", code: Int32) {
        self.output = output
        self.complaint = complaint
        self.code = code
    }

    /// The parser's errors, and the exit codes that commands throw.
    private init(parser error: any Error) {
        let code = Sluice.exitCode(for: error)
        let full = Sluice.fullMessage(for: error)
        switch code {
        case .success:
            self.init(output: full.isEmpty ? "" : full + "\n", code: 0)
        case .validationFailure:
            let complaint = Self.complaint(Sluice.message(for: error), try: Self.help(in: full))
            self.init(complaint: complaint, code: Self.misused)
        default:
            let complaint = error is ExitCode ? "" : Self.complaint("\(error)", try: "sluice health")
            self.init(complaint: complaint, code: code.rawValue)
        }
    }

    private static func complaint(_ message: String, try hint: String) -> String {
        "sluice: \(message)\ntry: \(hint)\n"
    }

    /// The parser names the help that fits, in quotes, in its last line.
    private static func help(in message: String) -> String {
        let parts = message.split(separator: "\n").last?.split(separator: "'") ?? []
        return parts.first { $0.hasPrefix("sluice ") }.map(String.init) ?? "sluice --help"
    }
}
