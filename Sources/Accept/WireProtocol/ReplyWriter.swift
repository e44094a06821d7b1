// SPDX-License-Identifier: MIT
public import JSON

/// Writes replies and notifications as complete frames, each in one array whose header is filled in last.
public enum ReplyWriter {
    /// Room for everything around a result or params of known size.
    private static let envelopeBytes = 64

    /// A reply around a result that is JSON text already.
    public static func result(id: RequestID, _ text: [UInt8]) -> [UInt8] {
        result(id: id, capacity: text.count) { $0.raw(text) }
    }

    /// A reply whose result `write` writes: exactly one value.
    ///
    /// `capacity` is the result's expected size in bytes; a right guess saves every further allocation.
    public static func result<Failure: Error>(
        id: RequestID, capacity: Int = 256, write: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) -> [UInt8] {
        var writer = begin(capacity: capacity + id.text.count)
        writer.name("id")
        writer.raw(id.text)
        writer.name("result")
        try write(&writer)
        return end(&writer)
    }

    /// An error reply; without an id it says `"id":null`.
    public static func error(id: RequestID?, _ error: WireError) -> [UInt8] {
        var writer = begin(capacity: 256 + error.message.utf8.count)
        writer.name("id")
        if let id { writer.raw(id.text) } else { writer.null() }
        writer.name("error")
        error.write(to: &writer)
        return end(&writer)
    }

    /// A notification whose params are JSON text already: an object.
    public static func notification(method: StaticString, params: [UInt8]) -> [UInt8] {
        var writer = begin(capacity: params.count + method.utf8CodeUnitCount)
        writer.name("method")
        writer.string(method)
        writer.name("params")
        writer.raw(params)
        return end(&writer)
    }

    private static func begin(capacity: Int) -> JSONWriter {
        var writer = JSONWriter(capacity: FrameDecoder.headerBytes + envelopeBytes + capacity)
        Frame.beginHeader(in: &writer.bytes)
        writer.beginObject()
        writer.name("jsonrpc")
        writer.string("2.0")
        return writer
    }

    private static func end(_ writer: inout JSONWriter) -> [UInt8] {
        writer.endObject()
        Frame.endHeader(in: &writer.bytes)
        return writer.bytes
    }
}
