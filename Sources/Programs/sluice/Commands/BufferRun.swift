// SPDX-License-Identifier: MIT
import JSON
import SluiceClient

/// Sends transactions in order, many under way at a time, and prints their receipts in order.
struct BufferRun {
    /// Under way at a time: enough to fill a commit group, few enough for every sidecar's limit.
    static let windowMax = 256

    struct Tally {
        var accepted = 0
        var duplicates = 0
        var failed = 0
        var unsent = 0

        var value: JSONValue {
            [
                "accepted": .integer(Int64(accepted)), "duplicates": .integer(Int64(duplicates)),
                "failed": .integer(Int64(failed)), "unsent": .integer(Int64(unsent)),
            ]
        }
    }

    typealias Outcome = Result<(value: JSONValue, isDuplicate: Bool), SluiceClientError>

    let client: SluiceClient
    let wait: (goal: SluiceClient.Goal, timeout: Duration)?
    let printsReceipts: Bool

    func send(_ transactions: [JSONValue]) async throws -> Tally {
        var tally = Tally()
        var bar = ProgressBar("buffer", isShown: transactions.count > 1 && Terminal.isTerminal(2))
        var outcomes: [Int: Outcome] = [:]
        var next = 0
        var printed = 0
        var stops = false
        await withTaskGroup(of: (Int, Outcome).self) { group in
            while true {
                while !stops, next < transactions.count, next - printed < Self.windowMax {
                    let (index, transaction) = (next, transactions[next])
                    // Immediate: each call is queued on the connection before the next one is made.
                    group.addImmediateTask { (index, await outcome(of: transaction)) }
                    next += 1
                }
                guard let (index, outcome) = await group.next() else { break }
                outcomes[index] = outcome
                if case .failure(let error) = outcome, error.retryable { stops = true }
                while let outcome = outcomes.removeValue(forKey: printed) {
                    report(outcome, printed, &tally, &bar)
                    printed += 1
                }
                bar.update(printed, of: transactions.count)
            }
        }
        bar.clear()
        tally.unsent = transactions.count - next
        return tally
    }

    private func outcome(of transaction: JSONValue) async -> Outcome {
        do throws(SluiceClientError) {
            let receipt = try await receipt(of: transaction)
            guard let wait else {
                // At a site of kind main the receipt tells what became of it.
                guard receipt.isDuplicate || receipt.status != .deadLetter else {
                    return .failure(
                        SluiceClientError(
                            SluiceErrorKind(rawValue: receipt.status.rawValue),
                            "\(receipt.transactionID) is in the dead letter; `sluice dead-letter show` tells why."))
                }
                return .success((receipt.value, receipt.isDuplicate))
            }
            let record = try await client.wait(for: receipt.transactionID, until: wait.goal, timeout: wait.timeout)
            guard record.status.hasReached(wait.goal) else {
                return .failure(
                    SluiceClientError(
                        SluiceErrorKind(rawValue: record.timedOut ? "timed_out" : record.status.rawValue),
                        "\(receipt.transactionID) is \(record.outcomeText)."))
            }
            var value = receipt.value.object ?? [:]
            value["status"] = .string(record.status.rawValue)
            // The ids that the database has assigned by now.
            if let ids = record.value.object?["generated_ids"] { value["generated_ids"] = ids }
            return .success((.object(value), receipt.isDuplicate))
        } catch {
            return .failure(error)
        }
    }

    private func report(_ outcome: Outcome, _ index: Int, _ tally: inout Tally, _ bar: inout ProgressBar) {
        switch outcome {
        case .success(let receipt):
            tally.accepted += 1
            if receipt.isDuplicate { tally.duplicates += 1 }
            if printsReceipts { Terminal.print(receipt.value, json: true) }
        case .failure(let error):
            tally.failed += 1
            bar.clear()
            Terminal.complain("transaction \(index + 1): \(error)")
        }
    }

    /// Of one whose answer did not come, its id is told: perhaps it was made here, and with it the transaction may be sent again.
    private func receipt(of transaction: JSONValue) async throws(SluiceClientError) -> Receipt {
        do {
            return try await client.buffer(transaction)
        } catch {
            guard error.kind == .outcomeUnknown, let id = transaction["transaction_id"]?.string else { throw error }
            var told = error
            told.message =
                "\(error.message) Whether \(CellText.safe(id)) was accepted is not known; sent again with this transaction_id it is accepted once."
            throw told
        }
    }
}

extension TransactionStatus {
    func hasReached(_ goal: SluiceClient.Goal) -> Bool {
        switch goal {
        case .committed: self == .committed || self == .replicated
        case .replicated: self == .replicated
        }
    }
}
