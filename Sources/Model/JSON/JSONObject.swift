// SPDX-License-Identifier: MIT

/// Members in the order they were added, with distinct names. Names compare by UTF-8 bytes.
///
/// Equality ignores the order. Lookup is a scan up to 16 members and a hash table above.
public struct JSONObject: Sendable, Sequence {
    public typealias Element = (name: String, value: JSONValue)

    private static let scanMax = 16

    private var members: [Element]
    /// Name to position; exactly when there are more than `scanMax` members.
    private var positions: [ByteString: Int]?

    public init() {
        members = []
    }

    /// The names must differ from one another.
    init(distinct members: [Element]) {
        self.members = members
        reindex()
    }

    public var count: Int { members.count }

    public var isEmpty: Bool { members.isEmpty }

    public var keys: [String] { members.map(\.name) }

    public func makeIterator() -> IndexingIterator<[Element]> { members.makeIterator() }

    public var underestimatedCount: Int { members.count }

    /// Setting keeps an existing member's place, or adds one at the end; nil removes.
    public subscript(name: String) -> JSONValue? {
        get { position(of: name).map { members[$0].value } }
        set {
            guard let newValue else {
                remove(name)
                return
            }
            if let position = position(of: name) {
                members[position].value = newValue
            } else {
                add(name, newValue)
            }
        }
    }

    /// Adds a member at the end. The object must not have its name yet.
    public mutating func append(_ name: String, _ value: JSONValue) {
        precondition(position(of: name) == nil, "an object's names are distinct")
        add(name, value)
    }

    /// Linear in the members.
    @discardableResult
    public mutating func remove(_ name: String) -> JSONValue? {
        guard let position = position(of: name) else { return nil }
        let value = members.remove(at: position).value
        reindex()
        return value
    }

    private mutating func add(_ name: String, _ value: JSONValue) {
        members.append((name, value))
        if positions != nil {
            positions?[ByteString(name)] = members.count - 1
        } else {
            reindex()
        }
    }

    private mutating func reindex() {
        guard members.count > Self.scanMax else {
            positions = nil
            return
        }
        var positions = [ByteString: Int](minimumCapacity: members.count)
        for (position, member) in members.enumerated() {
            precondition(
                positions.updateValue(position, forKey: ByteString(member.name)) == nil,
                "an object's names are distinct")
        }
        self.positions = positions
    }

    private func position(of name: String) -> Int? {
        if let positions { return positions[ByteString(name)] }
        return members.firstIndex { $0.name.hasSameBytes(as: name) }
    }
}

extension JSONObject: Hashable {
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count && left.allSatisfy { right[$0.name] == .some($0.value) }
    }

    public func hash(into hasher: inout Hasher) {
        // A sum, because members in another order must hash alike.
        var sum = 0
        for member in members {
            var inner = Hasher()
            member.name.hashBytes(into: &inner)
            inner.combine(member.value)
            sum &+= inner.finalize()
        }
        hasher.combine(members.count)
        hasher.combine(sum)
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init()
        for (name, value) in elements { append(name, value) }
    }
}
