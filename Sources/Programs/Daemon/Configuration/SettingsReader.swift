// SPDX-License-Identifier: MIT
import Configuration

/// Reads settings from their sources in order: flags, `SLUICE_*` environment, the file, the table's default.
struct SettingsReader {
    private let reader: ConfigReader

    /// - Parameters:
    ///   - flags: setting key -> text, from the command line.
    ///   - file: setting key -> text, from `sluice.toml`.
    init(flags: [String: String], environment: [String: String], file: [String: String]) {
        reader = ConfigReader(providers: [
            Self.provider("flags", flags),
            EnvironmentVariablesProvider(environmentVariables: environment).prefixKeys(with: "sluice"),
            Self.provider("file", file),
        ])
    }

    func text(_ key: String) throws(ConfigurationError) -> String {
        guard let setting = Setting.named(key) else { preconditionFailure("\(key) is no setting of the table") }
        let text = reader.string(forKey: ConfigKey(key)) ?? setting.defaultText
        if case .word(let words) = setting.kind, !words.contains(text) {
            throw ConfigurationError("\(key) must be one of \(words.joined(separator: ", "))")
        }
        return text
    }

    /// Whether any source but the table has it.
    func isGiven(_ key: String) -> Bool { reader.string(forKey: ConfigKey(key)) != nil }

    func list(_ key: String) throws(ConfigurationError) -> [String] {
        try text(key).split(separator: ",").map { $0.trimmed }.filter { !$0.isEmpty }
    }

    /// A setting whose words are `true` and `false`.
    func flag(_ key: String) throws(ConfigurationError) -> Bool { try text(key) == "true" }

    func integer(_ key: String) throws(ConfigurationError) -> Int {
        let text = try text(key)
        guard case .integer(let range)? = Setting.named(key)?.kind, let value = Int(text), range.contains(value) else {
            throw ConfigurationError("\(key) must be an integer\(limits(of: key))")
        }
        return value
    }

    func bytes(_ key: String) throws(ConfigurationError) -> Int {
        let units: [(String, Double)] = [("KiB", 1024), ("MiB", 1_048_576), ("GiB", 1_073_741_824), ("", 1)]
        guard case .bytes(let range)? = Setting.named(key)?.kind, let value = ScaledNumber.parse(try text(key), units),
            let bytes = Int(exactly: value.rounded()), range.contains(bytes)
        else {
            throw ConfigurationError(
                "\(key) must be a number of bytes, or a number with KiB, MiB or GiB\(limits(of: key))")
        }
        return bytes
    }

    func duration(_ key: String) throws(ConfigurationError) -> Duration {
        guard case .duration(let least)? = Setting.named(key)?.kind, let duration = DurationText.parse(try text(key)),
            duration >= least
        else {
            throw ConfigurationError("\(key) must be \(DurationText.form)\(limits(of: key))")
        }
        return duration
    }

    private func limits(of key: String) -> String {
        switch Setting.named(key)?.kind {
        case .integer(let range), .bytes(let range): " from \(range.lowerBound) to \(range.upperBound)"
        case .duration(let least): least > .zero ? ", at least \(least.milliseconds) ms" : ""
        case .text, .word, .list, nil: ""
        }
    }

    private static func provider(_ name: String, _ texts: [String: String]) -> InMemoryProvider {
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        for (key, text) in texts {
            values[AbsoluteConfigKey(ConfigKey(key))] = ConfigValue(.string(text), isSecret: false)
        }
        return InMemoryProvider(name: name, values: values)
    }
}

extension StringProtocol {
    var trimmed: String {
        var rest = self[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
