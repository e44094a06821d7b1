// SPDX-License-Identifier: MIT
internal import Glibc

enum SystemCall {
    /// The result of a call that answers -1 on failure.
    static func check(_ result: Int32, _ what: String) throws(SocketServerError) -> Int32 {
        guard result >= 0 else {
            let code = errno
            throw SocketServerError(.systemCall, "Cannot \(what): \(message(code)).", errno: code)
        }
        return result
    }

    static func message(_ code: Int32) -> String {
        strerror(code).map { String(cString: $0) } ?? "error \(code)"
    }
}
