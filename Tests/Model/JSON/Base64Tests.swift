// SPDX-License-Identifier: MIT
import JSON
import Testing

@Suite("Bytes as base64")
struct Base64Tests {
    @Test(
        "the vectors of RFC 4648",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func vectors(_ plain: String, _ text: String) {
        #expect(Base64.encode(plain.utf8) == text)
        #expect(Base64.decode(text) == Array(plain.utf8))
    }

    @Test("every length and byte survives")
    func roundTrip() {
        for count in 0..<300 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        }
    }

    @Test(
        "what the encoder would not write is refused",
        arguments: [
            "Z", "Zg", "Zg=", "Zm8", "Zg==Zg==", "=", "====", "Z===", "Zm9v\n", " Zm9v", "Zm 9v", "Zh==", "Zm9=",
            "Zm9v=",
            "-_-_", "Zm9vé", "Z=g=", "Zg=v",
        ])
    func refused(_ text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test("every last group is either what the encoder writes or refused")
    func lastGroups() {
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        var accepted = 0
        for last in alphabet {
            for text in ["A\(last)==", "AA\(last)="] {
                guard let bytes = Base64.decode(text) else { continue }
                accepted += 1
                #expect(Base64.encode(bytes) == text)
            }
        }
        // Two of six bits count before `==`, four before `=`.
        #expect(accepted == 4 + 16)
    }

    @Test("an object with the single member $bytes is bytes")
    func bytesObject() throws {
        let value = JSONValue.bytes([0, 255, 10])
        #expect(value == ["$bytes": "AP8K"])
        #expect(value.bytesValue == [0, 255, 10])
        #expect(try JSONDocument(parsing: value.bytes).root.bytesValue == [0, 255, 10])
        var writer = JSONWriter()
        writer.bytesObject([0, 255, 10])
        #expect(writer.bytes == value.bytes)
    }

    @Test(
        "everything else is not",
        arguments: [
            #"{"$bytes":"AP8"}"#, #"{"$bytes":1}"#, #"{"$bytes":"","a":1}"#, "{}", #""AP8K""#, #"["$bytes"]"#,
            #"{"bytes":"AP8K"}"#,
        ])
    func notBytes(_ text: String) throws {
        let document = try JSONDocument(parsing: text)
        #expect(document.root.bytesValue == nil)
        #expect(document.root.value().bytesValue == nil)
    }
}
