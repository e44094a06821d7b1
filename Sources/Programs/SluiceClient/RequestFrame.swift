// SPDX-License-Identifier: MIT
internal import JSON
internal import WireProtocol

/// Writes a request as a complete frame.
enum RequestFrame {
    /// `params` is the text of a JSON object.
    ///
    /// Throws `.frameError` when the payload is longer than `bytesMax`.
    static func encode(
        id: Int64, method: String, params: some Collection<UInt8>, bytesMax: Int
    ) throws(SluiceClientError) -> [UInt8] {
        var writer = JSONWriter(capacity: 64 + method.utf8.count + params.count)
        writer.beginObject()
        writer.member("jsonrpc", "2.0")
        writer.member("id", id)
        writer.member("method", method)
        writer.name("params")
        writer.raw(params)
        writer.endObject()
        guard writer.bytes.count <= bytesMax else {
            throw SluiceClientError(
                .frameError,
                "The request is \(writer.bytes.count) bytes long; at most \(bytesMax) are allowed. It was not sent.",
                detail: "oversize")
        }
        return Frame.encode(writer.bytes)
    }
}
