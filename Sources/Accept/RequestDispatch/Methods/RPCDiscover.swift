// SPDX-License-Identifier: MIT
import WireProtocol

/// `rpc.discover` -> the OpenRPC document, `proto-json/openrpc.json` as this program was built with
struct RPCDiscover: Method {
    let name = "rpc.discover"

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        OpenRPCDocument.text
    }
}
