// SPDX-License-Identifier: MIT
import Glibc
import TOMLKit

/// `sluice.toml` as setting key -> text.
enum ConfigurationFile {
    /// Refuses what is no TOML, and keys that are no settings, naming them.
    static func read(_ path: String) throws(ConfigurationError) -> [String: String] {
        let text = try text(path)
        let table: TOMLTable
        do {
            table = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            throw ConfigurationError("\(path) is no TOML: line \(error.source.begin.line): \(error.description)")
        } catch {
            throw ConfigurationError("\(path) is no TOML")
        }
        var texts: [String: String] = [:]
        try flatten(table, prefix: "", path, into: &texts)
        return texts
    }

    private static func text(_ path: String) throws(ConfigurationError) -> String {
        let bytes: [UInt8]
        do throws(FileBytes.Failure) {
            bytes = try FileBytes.read(path)
        } catch {
            throw ConfigurationError(
                "the configuration file \(path) can't be read: \(String(cString: strerror(error.errno))); check the path and its permissions"
            )
        }
        // The parser takes a C string: it would not see what stands behind.
        if let zero = bytes.firstIndex(of: 0) {
            let line = bytes[..<zero].count { $0 == UInt8(ascii: "\n") } + 1
            throw ConfigurationError("\(path) is no TOML: line \(line) has a NUL byte")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ConfigurationError("\(path) is no TOML: it is not UTF-8; save it as UTF-8")
        }
        return text
    }

    private static func flatten(
        _ table: TOMLTable, prefix: String, _ path: String, into texts: inout [String: String]
    ) throws(ConfigurationError) {
        for key in table.keys {
            let name = prefix + key
            guard let value = table[key] else { continue }
            if let inner = value.table {
                try flatten(inner, prefix: name + ".", path, into: &texts)
                continue
            }
            guard let setting = Setting.named(name) else {
                throw ConfigurationError("\(path): \(name) is no setting; `sluice serve --help` lists them")
            }
            guard let text = text(of: value) else {
                throw ConfigurationError(
                    "\(path): \(name) must be a string or a number\(setting.kind == .list ? ", or an array of strings" : "")"
                )
            }
            texts[setting.key] = text
        }
    }

    private static func text(of value: any TOMLValueConvertible) -> String? {
        if let text = value.string { return text }
        if let number = value.int { return String(number) }
        if let number = value.double { return String(number) }
        if let list = value.array {
            var texts: [String] = []
            for element in list {
                guard let text = element.string else { return nil }
                texts.append(text)
            }
            return texts.joined(separator: ",")
        }
        return nil
    }
}
