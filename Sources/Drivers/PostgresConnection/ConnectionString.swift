// SPDX-License-Identifier: MIT
#if Postgres
import CLibPQ

/// What libpq is given to connect: the user's string, and what we add.
public struct ConnectionString: Sendable {
    /// `postgres://...`, `postgresql://...` or `host=... dbname=...`, as libpq reads them; with password file, service
    /// file, environment and TLS modes as libpq has them.
    private let text: String
    /// Settings that hold where the user's string has none of its own.
    public var defaults: [(keyword: String, value: String)] = []

    public init(_ text: String) { self.text = text }

    /// Whether libpq can read it. It says nothing about why not, since that could quote a password.
    public var isValid: Bool {
        var message: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(text, &message) else {
            PQfreemem(message)
            return false
        }
        PQconninfoFree(options)
        return true
    }

    /// Starts to connect; nil when there is no memory.
    func start() -> OpaquePointer? {
        // libpq takes the last value of a keyword, and expands the string where it stands.
        let entries = defaults + [("dbname", text), ("client_encoding", "UTF8")]
        let keywords = entries.map { strings($0.keyword) }
        let values = entries.map { strings($0.value) }
        return withPointers(keywords) { keywords in withPointers(values) { PQconnectStartParams(keywords, $0, 1) } }
    }

    private func strings(_ text: String) -> [CChar] { text.utf8.map { CChar(bitPattern: $0) } + [0] }

    /// C strings one after the other, and the null pointer that ends the list.
    private func withPointers<R>(_ strings: [[CChar]], _ body: ([UnsafePointer<CChar>?]) -> R) -> R {
        Array(strings.joined()).withUnsafeBufferPointer { buffer in
            var pointers: [UnsafePointer<CChar>?] = []
            var offset = 0
            for string in strings {
                pointers.append(buffer.baseAddress.map { $0 + offset })
                offset += string.count
            }
            return body(pointers + [nil])
        }
    }
}
#endif
