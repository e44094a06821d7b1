// SPDX-License-Identifier: MIT

/// Keeps the site's keys read-only for commands. Four of them are ordinary strings, written by the rooms above.
public struct SiteGuard: Sendable {
    public let prefix: [UInt8]
    private let ordinary: [[UInt8]]

    public init(keys: SiteKeys) {
        prefix = Array(keys.prefix.utf8)
        ordinary = [keys.schema, keys.processorLease, keys.releasedPosition, keys.mainOrigin].map { Array($0.utf8) }
    }

    /// Whether the key is one that only procedures change.
    public func isView(_ key: [UInt8]) -> Bool { key.starts(with: prefix) && !ordinary.contains(key) }

    /// Why the command is refused: it would write to such a key.
    public func check(_ command: Command) -> CommandError? {
        guard let specification = CommandTable.specification(of: command), specification.isWrite,
            specification.keys(of: command).contains(where: isView)
        else { return nil }
        return CommandError("NOPERM", "the keys of a site are read-only; its transactions change them")
    }
}
