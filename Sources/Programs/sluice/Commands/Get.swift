// SPDX-License-Identifier: MIT
import ArgumentParser
import JSON
import SluiceClient

/// `sluice get`: one record.
struct Get: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show one record, with everything that is still on its way.")

    @Argument(help: "The model: a table of the main database.")
    var model: String

    @Argument(help: "The record's id; an object by column for a composite key.")
    var id: RecordID

    @Flag(help: "Print JSON, with sources and pending transactions.")
    var json = false

    @OptionGroup var client: ClientOptions

    /// On a command line a number and a text look the same: which of them it is, the table knows.
    private func record(_ client: SluiceClient, _ id: JSONValue) async throws(SluiceClientError) -> JSONValue {
        do {
            return try await client.call("record.get", ["model": .string(model), "id": id])
        } catch {
            guard error.kind == .validationFailed, let text = id.string,
                let number = JSONArgument(argument: text)?.value, number.int64 != nil
            else { throw error }
            return try await client.call("record.get", ["model": .string(model), "id": number])
        }
    }

    func run() async throws {
        let result = try await client.withClient {
            try await record($0, id.value)
        }
        guard let record = result["record"], !record.isNull else {
            if json { Terminal.print(result, json: true) }
            throw CommandFailure("There is no such record.", try: "sluice query \(model)")
        }
        Terminal.print(json ? result : record, json: json)
        let pending = result["pending"]?.array ?? []
        if !json, !pending.isEmpty {
            Terminal.complain("on its way: \(pending.map(CellText.of).joined(separator: ", "))")
        }
    }
}
