// SPDX-License-Identifier: MIT

extension RedisURL {
    /// What stands behind `redis://`.
    init(network rest: Substring) throws(RedisURLError) {
        guard !rest.utf8.contains(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }) else {
            throw RedisURLError("A redis:// URL takes no query: the database is its path, and ? in a password is %3F.")
        }
        let parts = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let (login, place) = Self.parts(of: parts[0])
        self.init(try Self.networkAddress(place))
        try setLogin(login)
        if parts.count == 2, !parts[1].isEmpty { database = try Self.database(parts[1]) }
    }

    /// What stands behind `redis+unix://`.
    init(socket rest: Substring) throws(RedisURLError) {
        guard let slash = rest.firstIndex(of: "/") else { throw RedisURLError("A redis+unix:// URL names no path.") }
        let authority = rest[..<slash]
        let (login, host) = Self.parts(of: authority)
        guard host.isEmpty else {
            throw RedisURLError("A redis+unix:// URL has no host: write three slashes and the absolute path.")
        }
        let parts = rest[slash...].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = try Self.decoded(parts[0], "path")
        guard (2...Self.pathBytesMax).contains(path.utf8.count) else {
            throw RedisURLError("The path of a redis+unix:// URL has 2 to \(Self.pathBytesMax) bytes.")
        }
        self.init(.unix(path: path))
        try setLogin(login)
        guard parts.count == 2 else { return }
        guard parts[1].hasPrefix("db=") else {
            throw RedisURLError("The query of a redis+unix:// URL is db= and a number.")
        }
        database = try Self.database(parts[1].dropFirst(3))
    }

    private static func parts(of authority: Substring) -> (login: Substring?, place: Substring) {
        guard let at = authority.lastIndex(of: "@") else { return (nil, authority) }
        return (authority[..<at], authority[authority.index(after: at)...])
    }

    private mutating func setLogin(_ login: Substring?) throws(RedisURLError) {
        guard let login else { return }
        guard let colon = login.firstIndex(of: ":") else {
            throw RedisURLError("A Redis URL with a user needs a password too: user:password@.")
        }
        let user = try Self.decoded(login[..<colon], "user")
        let password = try Self.decoded(login[login.index(after: colon)...], "password")
        guard !password.isEmpty else { throw RedisURLError("The password of the Redis URL is empty.") }
        self.user = user.isEmpty ? nil : user
        self.password = password
    }

    private static func networkAddress(_ place: Substring) throws(RedisURLError) -> Address {
        let host: Substring
        let port: Substring?
        if place.hasPrefix("[") {
            guard let end = place.firstIndex(of: "]") else {
                throw RedisURLError("The host of the Redis URL lacks its ].")
            }
            host = place[place.index(after: place.startIndex)..<end]
            let rest = place[place.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else {
                throw RedisURLError("Behind the host of a Redis URL comes : and the port.")
            }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else {
            let parts = place.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count <= 2 else {
                throw RedisURLError("An IPv6 address in a Redis URL stands in brackets.")
            }
            host = parts[0]
            port = parts.count == 2 ? parts[1] : nil
        }
        guard !host.isEmpty else { throw RedisURLError("The Redis URL names no host.") }
        guard let port else { return .tcp(host: try decoded(host, "host"), port: defaultPort) }
        guard let number = number(port), (1...65_535).contains(number) else {
            throw RedisURLError("The port of the Redis URL is no number from 1 to 65535.")
        }
        return .tcp(host: try decoded(host, "host"), port: number)
    }

    private static func database(_ text: Substring) throws(RedisURLError) -> Int {
        guard let number = number(text) else { throw RedisURLError("The database of the Redis URL is no number.") }
        return number
    }

    /// Digits and nothing else, at most nine.
    private static func number(_ text: Substring) -> Int? {
        guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text)
    }

    private static func decoded(_ text: Substring, _ part: String) throws(RedisURLError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexadecimal), let low = rest.popFirst().flatMap(hexadecimal) else {
                throw RedisURLError("The \(part) of the Redis URL has a % without two hexadecimal digits.")
            }
            bytes.append(high << 4 | low)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw RedisURLError("The \(part) of the Redis URL is no text.")
        }
        return decoded
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
