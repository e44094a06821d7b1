// SPDX-License-Identifier: MIT
import JSON
import WireProtocol

/// `processor.status` -> what the processor is doing
struct ProcessorStatus: Method {
    let name = "processor.status"

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        try await context.processorReport()
    }
}

/// `processor.pause` -> `processor.status`
struct ProcessorPause: Method {
    let name = "processor.pause"

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        context.services.processor.pause()
        return try await context.processorReport()
    }
}

/// `processor.resume` -> `processor.status`
struct ProcessorResume: Method {
    let name = "processor.resume"

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        context.services.processor.resume()
        return try await context.processorReport()
    }
}

/// `processor.drain {timeout_ms?}` -> `{drained, remaining}`
struct ProcessorDrain: Method {
    static let timeoutDefaultMS = 30_000
    static let timeoutMaxMS = 86_400_000

    let name = "processor.drain"
    let waits = true

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        let timeout = try params.integer("timeout_ms", in: 0...Self.timeoutMaxMS) ?? Self.timeoutDefaultMS
        do {
            let remaining = try await context.services.processor.drain(
                timeout: context.limited(.milliseconds(timeout)))
            return json { writer in
                writer.beginObject()
                writer.member("drained", remaining == 0)
                writer.member("remaining", remaining)
                writer.endObject()
            }
        } catch {
            throw WireError(error)
        }
    }
}

extension RequestContext {
    fileprivate func processorReport() async throws(WireError) -> [UInt8] {
        do {
            return try await services.processor.report().bytes
        } catch {
            throw WireError(error)
        }
    }
}
