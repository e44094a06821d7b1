// SPDX-License-Identifier: MIT
import ArgumentParser
import Daemon
import JSON

/// `sluice check`: would the daemon start, and would it work?
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check configuration, paths, permissions and databases, with advice for each finding.",
        discussion: "Takes the flags of `sluice serve`. Creates nothing. Exit code 1 when there is a problem.")

    @OptionGroup var serve: Serve

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let findings = await Diagnosis(try serve.loaded()).findings()
        if json {
            let list = findings.map { finding -> JSONValue in
                [
                    "level": .string(finding.level.rawValue), "subject": .string(finding.subject),
                    "text": .string(finding.text), "advice": finding.advice.map(JSONValue.string) ?? .null,
                ]
            }
            Terminal.print(.array(list), json: true)
        } else {
            for finding in findings {
                let level = finding.level.rawValue.uppercased()
                Terminal.print(CellText.safe("\(level)  \(finding.subject): \(finding.text)"))
                if let advice = finding.advice { Terminal.print("    " + CellText.safe(advice)) }
            }
        }
        if findings.contains(where: { $0.level == .problem }) { throw ExitCode.failure }
    }
}
