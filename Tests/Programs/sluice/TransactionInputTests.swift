// SPDX-License-Identifier: MIT
import JSON
import Testing

@testable import sluice

@Suite("The transactions of a file")
struct TransactionInputTests {
    @Test(
        "One object, an array, or a line each",
        arguments: [
            (#"{"a":1}"#, [["a": 1]]), ("{\n \"a\":\n 1}\n", [["a": 1]]),
            (#"[{"a":1},{"b":2}]"#, [["a": 1], ["b": 2]]),
            ("{\"a\":1}\n\n{\"b\":2}\r\n", [["a": 1], ["b": 2]]), ("[]", []),
        ] as [(String, [JSONValue])])
    func shapes(text: String, transactions: [JSONValue]) throws {
        #expect(try TransactionInput.parse(Array(text.utf8)) == transactions)
    }

    @Test(
        "A fault says where it is",
        arguments: [
            ("", "It is empty."), (" \n", "It is empty."), ("{\"a\":1}\n{\"b\"\n", "Line 2 is no JSON object"),
            ("{\"a\":1}\n\n3\n", "Line 3 is no JSON object"), ("{\"a\":", "No JSON"),
        ])
    func faults(text: String, message: String) {
        let fault = #expect(throws: TransactionInput.Fault.self) { try TransactionInput.parse(Array(text.utf8)) }
        #expect(fault?.message.hasPrefix(message) == true)
    }
}
