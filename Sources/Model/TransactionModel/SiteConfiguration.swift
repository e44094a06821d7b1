// SPDX-License-Identifier: MIT

/// Who this sidecar is.
public struct SiteConfiguration: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Buffers, applies in the background.
        case secondary
        /// Applies at once and answers `committed`.
        case main
    }

    public static let nameBytesMax = 64

    public let name: String
    public let kind: Kind

    /// Nil when the name is not 1 to 64 bytes of `[A-Za-z0-9._-]`.
    public init?(name: String, kind: Kind = .secondary) {
        guard !name.isEmpty, name.utf8.count <= Self.nameBytesMax,
            name.utf8.allSatisfy({ TransactionID.allows($0) && $0 != UInt8(ascii: "~") })
        else { return nil }
        self.name = name
        self.kind = kind
    }
}
