// SPDX-License-Identifier: MIT

/// A fixed script, made for one site: the server knows it by its digest.
struct ProcedureScript: Sendable {
    let name: String
    let text: [UInt8]
    /// 40 hexadecimal digits in lower case, as SCRIPT LOAD answers them.
    let sha1: String

    init(name: String, text: [UInt8]) {
        self.name = name
        self.text = text
        sha1 = SHA1.hexadecimal(text)
    }
}

/// A procedure as it is sent: EVALSHA or EVAL, the number of keys, keys, arguments.
struct EncodedProcedure: Sendable {
    var script: ProcedureScript
    var keys: [[UInt8]]
    var arguments: [[UInt8]]
}
