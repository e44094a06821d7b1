// SPDX-License-Identifier: MIT
import Glibc

/// A file's bytes, or those of standard input.
enum InputFile {
    /// 1 GiB: what comes after is most likely a mistake.
    private static let bytesMax = 1 << 30
    private static let pieceBytes = 1 << 16

    static func bytes(of path: String) throws(TransactionInput.Fault) -> [UInt8] {
        guard path != "-" else { return try bytes(from: STDIN_FILENO) }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw fault() }
        defer { close(descriptor) }
        return try bytes(from: descriptor)
    }

    private static func bytes(from descriptor: Int32) throws(TransactionInput.Fault) -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: pieceBytes)
        while true {
            let count = read(descriptor, &piece, piece.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw fault() }
            guard count > 0 else { return bytes }
            bytes.append(contentsOf: piece[..<count])
            guard bytes.count <= bytesMax else {
                throw TransactionInput.Fault(message: "It is longer than \(bytesMax) bytes.")
            }
        }
    }

    private static func fault() -> TransactionInput.Fault {
        TransactionInput.Fault(message: String(cString: strerror(errno)) + ".")
    }
}
