// SPDX-License-Identifier: MIT
import Foundation

/// The public JSON parsing corpus, where it is at hand. `SLUICE_JSON_CORPUS` names another folder.
enum JSONCorpus {
    static let skipReason = "no corpus: neither SLUICE_JSON_CORPUS nor ../shared/data/json-test-suite is a folder"

    static let folder: URL? = {
        if let path = ProcessInfo.processInfo.environment["SLUICE_JSON_CORPUS"] { return existing(URL(filePath: path)) }
        var folder = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        while folder.path != "/" {
            if let found = existing(folder.appending(path: "../shared/data/json-test-suite")) { return found }
            folder.deleteLastPathComponent()
        }
        return nil
    }()

    /// File name and content of every document, sorted.
    static func documents() throws -> [(name: String, bytes: [UInt8])] {
        guard let folder else { return [] }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        return try names.filter { $0.hasSuffix(".json") }.map { name in
            (name, Array(try Data(contentsOf: folder.appending(path: name))))
        }
    }

    private static func existing(_ folder: URL) -> URL? {
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder)
        return exists && isFolder.boolValue ? folder.standardizedFileURL : nil
    }
}
