// SPDX-License-Identifier: MIT
import Keyspace
import TransactionModel

/// The procedures of one site as Redis scripts: how an operation is sent, and what its reply means.
///
/// ``RedisStorage`` tells what they keep.
struct ProcedureCatalog: Sendable {
    let scripts: [ProcedureScript]
    private let accept: ProcedureScript
    private let claim: ProcedureScript
    private let advance: ProcedureScript
    private let release: ProcedureScript
    private let overlay: ProcedureScript
    private let lease: ProcedureScript
    private let adopt: ProcedureScript
    private let bufferKey: [UInt8]
    private let leaseKey: [UInt8]

    init(site: SiteSettings) {
        let storage = RedisStorage(site)
        accept = storage.script("accept", AcceptScript.script)
        claim = storage.script("claim", ClaimScript.script)
        advance = storage.script("advance", AdvanceScript.script)
        release = storage.script("release", ReleaseScript.script)
        overlay = storage.script("overlay", OverlayScript.script)
        lease = storage.script("lease", LeaseScript.script)
        adopt = storage.script("adopt", AdoptScript.script)
        scripts = [accept, claim, advance, release, overlay, lease, adopt]
        bufferKey = Array(site.keys.transactionBuffer.utf8)
        leaseKey = Array(site.keys.processorLease.utf8)
    }

    /// Any operation but a command, which is sent as it is.
    func encode(_ operation: Operation) -> EncodedProcedure {
        var arguments = ProcedureArguments()
        let script: ProcedureScript
        switch operation {
        case .command: preconditionFailure("A command is no procedure.")
        case .accept(let operation): return encode([operation])
        case .claim(let operation):
            arguments.append(operation)
            script = claim
        case .advance(let operation):
            arguments.append(operation)
            script = advance
        case .release(let operation):
            arguments.append(operation)
            script = release
        case .overlay(let operation):
            arguments.append(operation)
            script = overlay
        case .adopt(let operation):
            arguments.append(operation)
            script = adopt
        case .lease(let operation):
            arguments.append(operation)
            return EncodedProcedure(script: lease, keys: [leaseKey], arguments: arguments.list)
        }
        return EncodedProcedure(script: script, keys: [bufferKey], arguments: arguments.list)
    }

    /// Several accepts as one call: each is checked and written on its own, in order, and they share its fixed cost.
    func encode(_ accepts: [Accept]) -> EncodedProcedure {
        var arguments = ProcedureArguments()
        for accept in accepts { arguments.append(accept) }
        return EncodedProcedure(script: accept, keys: [bufferKey], arguments: arguments.list)
    }

    /// What a reply, which is no error, says. Throws `.incompatible` when it is none of this script.
    func decode(_ reply: RESPValue, of operation: Operation) throws(KeyspaceError) -> Reply {
        let decoded: Reply? =
            switch operation {
            case .command: preconditionFailure("A command is no procedure.")
            case .accept: ProcedureReply(reply).acceptOutcomes.flatMap { $0.count == 1 ? .accept($0[0]) : nil }
            case .claim: ProcedureReply(reply).claim
            case .advance(let advance): ProcedureReply(reply).advanceOutcomes(advance.changes.count).map(Reply.advance)
            case .release: ProcedureReply(reply).integer.map { .release(ReleaseOutcome(released: Int($0))) }
            case .overlay: ProcedureReply(reply).overlayPage.map(Reply.overlay)
            case .lease: ProcedureReply(reply).leaseOutcome.map(Reply.lease)
            case .adopt: ProcedureReply(reply).adoptionOutcome.map(Reply.adopt)
            }
        guard let decoded else { throw .unexpectedReply }
        return decoded
    }

    /// The reply to ``encode(_:)-([Accept])``.
    func decode(_ reply: RESPValue, ofAccepts count: Int) throws(KeyspaceError) -> [AcceptOutcome] {
        guard let outcomes = ProcedureReply(reply).acceptOutcomes, outcomes.count == count else {
            throw .unexpectedReply
        }
        return outcomes
    }
}

extension KeyspaceError {
    fileprivate static let unexpectedReply = KeyspaceError(
        .incompatible, "Redis answered a procedure with something it cannot mean; its keys may be of another version.")
}
