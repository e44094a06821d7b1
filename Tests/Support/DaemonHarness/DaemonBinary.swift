// SPDX-License-Identifier: MIT
import Foundation

/// The program under test: `SLUICE_BINARY`, else the product beside the test bundle.
public enum DaemonBinary {
    public struct Missing: Error, CustomStringConvertible {
        public var description: String
    }

    public static func path() throws -> String {
        if let path = ProcessInfo.processInfo.environment["SLUICE_BINARY"] {
            guard isProgram(path) else { throw Missing(description: "SLUICE_BINARY names no program: \(path)") }
            return path
        }
        let start = CommandLine.arguments.first ?? "."
        var folder = URL(filePath: start).resolvingSymlinksInPath().deletingLastPathComponent()
        while folder.path != "/" {
            let candidate = folder.appending(path: "sluice").path
            if isProgram(candidate) { return candidate }
            folder.deleteLastPathComponent()
        }
        throw Missing(
            description: "no program sluice beside the tests (\(start)); build the product, or set SLUICE_BINARY")
    }

    private static func isProgram(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
            && FileManager.default.isExecutableFile(atPath: path)
    }
}
