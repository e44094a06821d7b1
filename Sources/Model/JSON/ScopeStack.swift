// SPDX-License-Identifier: MIT

/// The open containers of a writer, one bit each; allocates only beyond 128.
struct ScopeStack: Sendable {
    private var bits: UInt128 = 0
    private var depth = 0
    private var spilled: [UInt128] = []

    var isEmpty: Bool { depth == 0 }

    /// Whether the innermost container is an object.
    var isObject: Bool { bits & 1 == 1 }

    mutating func push(isObject: Bool) {
        if depth > 0, depth.isMultiple(of: 128) { spilled.append(bits) }
        bits = bits << 1 | (isObject ? 1 : 0)
        depth += 1
    }

    mutating func pop() {
        precondition(depth > 0, "only what is open can be closed")
        depth -= 1
        bits >>= 1
        if depth > 0, depth.isMultiple(of: 128) { bits = spilled.removeLast() }
    }
}
