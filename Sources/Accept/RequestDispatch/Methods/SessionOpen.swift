// SPDX-License-Identifier: MIT
import JSON
import WireProtocol

/// `session.open {client{name, version}, protocol}` -> `{protocol, server{name, version}, limits, capabilities[]}`
struct SessionOpen: Method {
    let name = "session.open"

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        if let version = try params.string("protocol"), version != RequestMeta.protocolVersion {
            throw WireError(
                .unsupportedProtocol, "This server speaks protocol \"\(RequestMeta.protocolVersion)\".",
                path: "protocol")
        }
        if let client = params["client"], client.kind != .object { throw Params.wrong("client", "an object") }
        for name: StaticString in ["handler", "transaction_mode"] where params[name] != nil {
            throw WireError(.invalidParams, "\(name) can't be chosen in this version.", path: "\(name)")
        }
        let description = context.services.description
        return json { writer in
            writer.beginObject()
            writer.member("protocol", RequestMeta.protocolVersion)
            writer.name("server")
            writer.beginObject()
            writer.member("name", description.name)
            writer.member("version", description.version)
            writer.endObject()
            writer.member("limits", description.limits)
            writer.strings("capabilities", description.capabilities)
            writer.endObject()
        }
    }
}
