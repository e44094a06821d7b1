// SPDX-License-Identifier: MIT
import Glibc
import JSON
import Synchronization

/// What the program writes, and where.
enum Terminal {
    /// The first failure to write to stdout, other than that nobody reads it any more: the command has not done what it says.
    private static let failure = Mutex<Int32>(0)

    /// Why what was printed is not all there; nil: it is.
    static var outputFault: String? {
        let code = failure.withLock { $0 }
        return code == 0 ? nil : String(cString: strerror(code))
    }

    static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// All of it, also where the system takes it in pieces. Who reads no more gets no more.
    static func write(_ text: String, to descriptor: Int32) {
        write(Array(text.utf8), to: descriptor)
    }

    static func print(_ line: String) { write(line + "\n", to: STDOUT_FILENO) }

    static func complain(_ line: String) { write(line + "\n", to: STDERR_FILENO) }

    /// One line of JSON, or for people a line per name and value.
    static func print(_ value: JSONValue, json: Bool) {
        if json {
            write(value.bytes + [UInt8(ascii: "\n")], to: STDOUT_FILENO)
        } else {
            for line in Details(value).lines { print(line) }
        }
    }

    /// One line of JSON, or a table.
    static func print(_ table: Table, or value: JSONValue, json: Bool) {
        if json {
            print(value, json: true)
        } else {
            for line in table.lines { print(line) }
        }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written < 0 && errno == EINTR { continue }
                guard written > 0 else {
                    let code = errno
                    if descriptor == STDOUT_FILENO, code != EPIPE { failure.withLock { $0 = $0 == 0 ? code : $0 } }
                    return
                }
                rest = rest.dropFirst(written)
            }
        }
    }
}
