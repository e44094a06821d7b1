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
        guard result.count <= resultBytesMax else { throw Self.resultTooLarge }
        return result
    }

    static let resultTooLarge = WireError(
        .resultTooLarge, "What was asked is done, but its result does not fit into one frame; ask for less.")

    /// The longest result.
    var resultBytesMax: Int { max(0, services.frameBytesMax - Self.envelopeBytesMax) }

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

    /// After a commit: tells the subscribers and the processor of the transactions that it accepted. At a site of kind
    /// `main` it waits until they are applied, as an accept outside does, and the receipts say so.
    func announce(
        _ result: MultiResult, _ elements: [Int: QueuedElement]
    ) async -> [Int: QueuedElement] {
        let manager = services.transactions
        var accepted: [Int: Receipt] = [:]
        for (index, reply) in result.replies.enumerated() {
            guard case .receipt(let receipt)? = elements[index], receipt.status == nil, case .accept(.accepted) = reply
            else { continue }
            accepted[index] = receipt
        }
        if accepted.isEmpty { return elements }
        if manager.events.isHeard {
            for (_, receipt) in accepted.sorted(by: { $0.key < $1.key }) {
                manager.events.publish(
                    TransactionEvent(transactionID: receipt.transactionID, status: .pending, at: manager.currentTime))
            }
        }
        manager.wakeExecutor()
        guard manager.site.kind == .main else { return elements }
        let order = accepted.keys.sorted()
        let receipts = await manager.committedAtMain(order.compactMap { accepted[$0] }, before: deadline)
        var settled = elements
        for (index, receipt) in zip(order, receipts) { settled[index] = .receipt(receipt) }
        return settled
    }
}

extension Services {
    /// The longest reply, in bytes.
    var frameBytesMax: Int {
        description.limits["frame_bytes_max"]?.int64.flatMap { Int(exactly: $0) } ?? FrameDecoder.frameBytesMaxDefault
    }
}
