// SPDX-License-Identifier: MIT
public import EmbeddedKeyspace
public import Keyspace
public import RedisKeyspace

/// Where acknowledged transactions live.
public enum KeyspaceChoice: Sendable {
    case embedded(EmbeddedSettings)
    case redis(RedisSettings)

    /// `sqlite:FILE`, `redis://...`, `redis+unix://...`
    init(_ url: String, site: SiteSettings, in directory: String) throws(ConfigurationError) {
        if let path = try StoreURL.sqlitePath(url, setting: "keyspace.url", in: directory) {
            self = .embedded(EmbeddedSettings(path: path, site: site))
            return
        }
        guard url.hasPrefix("redis") else {
            throw ConfigurationError("keyspace.url must be sqlite:FILE, redis://HOST:PORT or redis+unix:///PATH")
        }
        do {
            self = .redis(RedisSettings(url: try RedisURL(url), site: site))
        } catch {
            throw ConfigurationError("keyspace.url: \(error)")
        }
    }

    public var site: SiteSettings {
        switch self {
        case .embedded(let settings): settings.site
        case .redis(let settings): settings.site
        }
    }

    /// For logs: without a password.
    public var description: String {
        switch self {
        case .embedded(let settings): settings.path
        case .redis(let settings): settings.url.description
        }
    }
}

/// A main database or a replica of it.
public enum DatabaseChoice: Sendable, Hashable {
    case sqlite(path: String)
    /// A URL or a keyword string of libpq; only in builds with the trait `Postgres`.
    case postgres(String)

    init(_ url: String, setting: String, in directory: String) throws(ConfigurationError) {
        if let path = try StoreURL.sqlitePath(url, setting: setting, in: directory) {
            self = .sqlite(path: path)
            return
        }
        guard url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") || url.contains("=") else {
            throw ConfigurationError("\(setting) must be sqlite:FILE or postgres://HOST/DATABASE")
        }
        #if Postgres
        self = .postgres(url)
        #else
        throw ConfigurationError(
            "\(setting): this build knows SQLite only; build it with `swift build --traits Postgres` for PostgreSQL")
        #endif
    }

    /// For logs: without a password.
    public var description: String {
        switch self {
        case .sqlite(let path): path
        case .postgres(let url): StoreURL.masked(url)
        }
    }
}

enum StoreURL {
    /// The path of `sqlite:FILE`, relative ones in the state directory; nil for another kind of URL.
    static func sqlitePath(
        _ url: String, setting: String, in directory: String
    ) throws(ConfigurationError) -> String? {
        guard url.hasPrefix("sqlite:") else { return nil }
        var path = url.dropFirst("sqlite:".count)
        if path.hasPrefix("///") { path = path.dropFirst(2) }
        guard !path.isEmpty else { throw ConfigurationError("\(setting) names no file") }
        return path.hasPrefix("/") ? String(path) : directory + "/" + path
    }

    /// A URL or keyword string without its password.
    static func masked(_ text: String) -> String {
        // Foundation's search would link all of Foundation, which is larger than everything else together.
        if let slashes = text.firstIndex(of: "/"), text[..<slashes].hasSuffix(":"), text[slashes...].hasPrefix("//") {
            guard let at = text.lastIndex(of: "@"), let colon = text[slashes..<at].firstIndex(of: ":") else {
                return text
            }
            return text[...colon] + "***" + text[at...]
        }
        guard text.contains("password") else { return text }
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        return words.map { $0.hasPrefix("password") ? "password=***" : String($0) }.joined(separator: " ")
    }
}
