// SPDX-License-Identifier: MIT
internal import JSON
internal import WireProtocol

/// Writes a request as a complete frame.
enum RequestFrame {
    /// `params` is the text of a JSON object.
    ///
    /// Nil: the payload is longer than `bytesMax`.
    static func encode(
        id: Int64, method: String, params: some Collection<UInt8>, bytesMax: Int
    ) -> [UInt8]? {
        var writer = JSONWriter(capacity: 64 + method.utf8.count + params.count)
        writer.beginObject()
        writer.member("jsonrpc", "2.0")
        writer.member("id", id)
        writer.member("method", method)
        writer.name("params")
        writer.raw(params)
        writer.endObject()
        return writer.bytes.count <= bytesMax ? Frame.encode(writer.bytes) : nil
    }
}
