// SPDX-License-Identifier: MIT

/// What an adapter must know of the site whose transactions it keeps.
public struct SiteSettings: Sendable {
    /// Name of the site; part of every key.
    public var site: String
    /// Writes the site's name in braces in every key.
    public var hashTag = false
    /// How long a status stays readable after it became terminal.
    public var statusTimeToLive: Duration = .seconds(3600)
    /// Transactions that may be unfinished at once; beyond, accepts are answered `full`.
    public var transactionsMax = 10_000_000
    /// Bytes of payload that may be unfinished at once; beyond, accepts are answered `full`.
    public var bytesMax = 8 << 30

    public init(site: String) { self.site = site }

    public var keys: SiteKeys { SiteKeys(site: site, hashTag: hashTag) }
}
