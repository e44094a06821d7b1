// SPDX-License-Identifier: MIT
import JSON
import ReentrantTransactions
import WireProtocol

/// `session.open {client?{name, version}, protocol?, handler?, transaction_mode?}` ->
/// `{protocol, server{name, version}, handler, transaction_mode, limits, capabilities[]}`
struct SessionOpen: Method {
    let name = "session.open"
    /// What it chooses is for the requests after it.
    let isOrdered = true

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        if let version = try params.string("protocol"), version != RequestMeta.protocolVersion {
            throw WireError(
                .unsupportedProtocol, "This server speaks protocol \"\(RequestMeta.protocolVersion)\".",
                path: "protocol")
        }
        if let client = params["client"], client.kind != .object { throw Params.wrong("client", "an object") }
        let handler: SessionHandler? = try params.word("handler")
        let mode: FallbackMode? = try params.word("transaction_mode")
        await context.runAlone()
        do {
            let chosen = try await context.session.scope.choose(handler, mode)
            return answer(context.services, chosen.0, chosen.1)
        } catch {
            throw WireError(error as any Error)
        }
    }

    private func answer(_ services: Services, _ handler: SessionHandler, _ mode: FallbackMode) -> [UInt8] {
        let description = services.description
        let limits = services.openTransactions.limits
        return json(capacity: 2048) { writer in
            writer.beginObject()
            writer.member("protocol", RequestMeta.protocolVersion)
            writer.name("server")
            writer.beginObject()
            writer.member("name", description.name)
            writer.member("version", description.version)
            writer.endObject()
            writer.member("handler", handler.rawValue)
            writer.member("transaction_mode", mode.rawValue)
            writer.name("limits")
            writer.beginObject()
            for (name, value) in description.limits.object ?? [:] {
                writer.name(name)
                writer.value(value)
            }
            writer.member("scope_timeout_ms", Int64(limits.timeout / .milliseconds(1)))
            writer.member("scope_commands_max", Int64(limits.commandsMax))
            writer.member("scope_bytes_max", Int64(limits.bytesMax))
            writer.endObject()
            writer.strings("capabilities", description.capabilities)
            writer.endObject()
        }
    }
}

extension Params {
    /// One of the words of `Word`; nil when absent.
    fileprivate func word<Word: RawRepresentable<String> & CaseIterable>(
        _ name: StaticString
    ) throws(WireError) -> Word? {
        guard let text = try string(name) else { return nil }
        guard let word = Word(rawValue: text) else {
            throw Self.wrong(name, "one of " + Word.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return word
    }
}
