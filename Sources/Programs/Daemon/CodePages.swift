// SPDX-License-Identifier: MIT
import Glibc

/// The pages of the program's code in this process's memory.
enum CodePages {
    /// Gives them all back. What only the start needed stays away; what is needed again comes from the system's page cache
    /// at its next use. Executable mappings of files are never written to, so nothing can be lost.
    static func release() {
        guard let file = fopen("/proc/self/maps", "r") else { return }
        defer { fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        while getline(&line, &capacity, file) > 0, let line {
            guard let range = executableFile(String(cString: line)) else { continue }
            madvise(UnsafeMutableRawPointer(bitPattern: range.lowerBound), range.count, MADV_DONTNEED)
        }
    }

    /// The addresses of a line such as `55d0c0000000-55d0c1000000 r-xp 00012000 fe:00 1234   /usr/bin/sluice`
    /// (proc_pid_maps(5)); nil for anything but the code of a file.
    static func executableFile(_ line: String) -> Range<UInt>? {
        let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
        guard fields.count == 6, fields[1] == "r-xp", fields[5].drop(while: { $0 == " " }).hasPrefix("/")
        else { return nil }
        let ends = fields[0].split(separator: "-")
        guard ends.count == 2, let start = UInt(ends[0], radix: 16), let end = UInt(ends[1], radix: 16), start < end
        else { return nil }
        return start..<end
    }
}
