// SPDX-License-Identifier: MIT

/// What to do with a request for a block.
enum BlockDecision: Sendable, Hashable {
    /// Open a block and send it as one.
    case begin
    /// Run the body in the open block.
    case reenter
    /// Run the operations one by one.
    case oneByOne(warning: Bool)
    /// Refuse: a block of another kind is open.
    case conflict(with: BlockKind)
    /// Refuse: not on this connection.
    case blocked
    /// Refuse: the block this task carries has ended.
    case closed

    /// - Parameters:
    ///   - open: the kind of the block this task carries, if any.
    ///   - isClosed: that block has ended.
    ///   - capability: of the handler that resolved the connection; nil when none did, which allows.
    static func decide(
        _ kind: BlockKind, inside open: BlockKind?, isClosed: Bool, capability: HandlerCapabilities.Block?,
        mode: FallbackMode
    ) -> Self {
        if isClosed { return .closed }
        // Before the handler is asked: a chain without the task's own links must not lose this rule.
        if let open, open != kind { return .conflict(with: open) }
        switch capability {
        case nil, .full: return .begin
        case .reentrant: return .reenter
        case .conflicting: return .conflict(with: open ?? kind)
        case .blocked:
            switch mode {
            case .strict: return .blocked
            case .warn: return .oneByOne(warning: true)
            case .permissive: return .oneByOne(warning: false)
            }
        }
    }
}
