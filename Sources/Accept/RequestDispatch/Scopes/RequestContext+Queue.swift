// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import ReentrantTransactions
import TransactionBuffering
import TransactionModel
import WireProtocol

extension RequestContext {
    /// A result that may be of any size. What was asked is done, even if its result can't be sent.
    func fitting(_ result: [UInt8]) throws(WireError) -> [UInt8] {
        guard result.count + Self.envelopeBytesMax <= services.frameBytesMax else {
            throw WireError(
                .resultTooLarge, "The commands ran, but their result does not fit into one frame; ask for less.")
        }
        return result
    }

    /// What a reply has beside its result, the longest id included.
    private static let envelopeBytesMax = 2048

    /// `transaction.buffer` inside an open transaction: its accept is queued, and the reply says so; where commands run at
    /// once, the reply is the receipt as ever.
    func queue(_ transaction: JSONView) async throws -> [UInt8] {
        await runAlone()
        var answer: Receipt?
        let index = try await session.scope.queueElement(bytes: transaction.rawBytes.count) { _ in
            let receipt = try await services.transactions.buffer(transaction)
            answer = receipt
            return .receipt(receipt)
        }
        guard let answer else { preconditionFailure("what was queued has a receipt") }
        return answer.jsonBytes(future: answer.status == nil ? index : nil)
    }

    /// After a commit: tells the subscribers and the processor of the transactions that it accepted. A site of kind
    /// `main` answers once they are applied, as it does outside.
    func announce(_ result: MultiResult, _ elements: [Int: QueuedElement]) async throws(BufferingError) {
        let manager = services.transactions
        var accepted: [TransactionID] = []
        for (index, reply) in result.replies.enumerated() {
            guard case .receipt(let receipt)? = elements[index], receipt.status == nil, case .accept(.accepted) = reply
            else { continue }
            accepted.append(receipt.transactionID)
        }
        if accepted.isEmpty { return }
        if manager.events.isHeard {
            for id in accepted {
                manager.events.publish(TransactionEvent(transactionID: id, status: .pending, at: manager.currentTime))
            }
        }
        manager.wakeExecutor()
        guard manager.site.kind == .main else { return }
        for id in accepted {
            _ = try await manager.wait(
                id, until: .committed, timeout: limited(.milliseconds(TransactionWait.timeoutDefaultMS)))
        }
    }
}

extension Services {
    /// The longest reply, in bytes.
    var frameBytesMax: Int {
        description.limits["frame_bytes_max"]?.int64.flatMap { Int(exactly: $0) } ?? FrameDecoder.frameBytesMaxDefault
    }
}
