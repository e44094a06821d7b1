// SPDX-License-Identifier: MIT
import Glibc

/// A look at a keyspace's file that changes nothing. Not for the process that has it open: closing the file again would
/// drop SQLite's locks on it.
public enum KeyspaceFile {
    private static let headerBytes = 100
    private static let magic = Array("SQLite format 3\0".utf8)
    /// Of the application id in the header (<https://www.sqlite.org/fileformat.html#the_database_header>): 4 bytes, big-endian.
    private static let applicationIDOffset = 68

    /// What is wrong with the file, by its header; nil: nothing that is seen there. An empty file is a new one.
    public static func fault(at path: String) -> String? {
        var header = [UInt8](repeating: 0, count: headerBytes)
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        let count = read(file, &header, headerBytes)
        guard count != 0 else { return nil }
        guard count == headerBytes, header.starts(with: magic) else { return "no SQLite file" }
        let bytes = header[applicationIDOffset..<applicationIDOffset + 4]
        let application = bytes.reduce(Int64(0)) { $0 << 8 | Int64($1) }
        // 0: a keyspace whose log was never moved into it, or anybody's file.
        return application == 0 || application == StoreSchema.applicationID ? nil : "a SQLite file, but no keyspace"
    }
}
