// SPDX-License-Identifier: MIT
import RedisKeyspace
import Testing

@Suite struct RedisURLTests {
    @Test(
        "a URL names address, login and database",
        arguments: [
            ("redis://h", .tcp(host: "h", port: 6379), nil, nil, 0),
            ("redis://h/", .tcp(host: "h", port: 6379), nil, nil, 0),
            ("redis://h:1/15", .tcp(host: "h", port: 1), nil, nil, 15),
            ("redis://:p@h", .tcp(host: "h", port: 6379), nil, "p", 0),
            ("redis://u:p%40%2F%3a@h:7", .tcp(host: "h", port: 7), "u", "p@/:", 0),
            ("redis://u:p:q@h", .tcp(host: "h", port: 6379), "u", "p:q", 0),
            ("redis://[::1]:7/2", .tcp(host: "::1", port: 7), nil, nil, 2),
            ("redis://[::1]", .tcp(host: "::1", port: 6379), nil, nil, 0),
            ("redis+unix:///run/r.sock", .unix(path: "/run/r.sock"), nil, nil, 0),
            ("redis+unix:///run/a%20b?db=3", .unix(path: "/run/a b"), nil, nil, 3),
            ("redis+unix://u:p@/r.sock?db=0", .unix(path: "/r.sock"), "u", "p", 0),
        ] as [(String, RedisURL.Address, String?, String?, Int)])
    func reads(_ row: (text: String, address: RedisURL.Address, user: String?, password: String?, database: Int)) throws
    {
        let url = try RedisURL(row.text)
        #expect(url.address == row.address)
        #expect(url.user == row.user)
        #expect(url.password == row.password)
        #expect(url.database == row.database)
    }

    @Test(
        "what is none is refused, in words that name the part and not its content",
        arguments: [
            ("", "begins with"), ("localhost:6379", "begins with"), ("http://h", "begins with"),
            ("redis:/h", "begins with"),
            ("redis://", "no host"), ("redis:///0", "no host"), ("redis://:1", "no host"), ("redis://h:", "port"),
            ("redis://h:0", "port"), ("redis://h:65536", "port"), ("redis://h:+1", "port"), ("redis://h:1x", "port"),
            ("redis://h/x", "database"), ("redis://h/-1", "database"), ("redis://h/1/2", "database"),
            ("redis://h/99999999999999999999", "database"), ("redis://h?db=1", "query"), ("redis://h#f", "query"),
            ("redis://::1:5", "brackets"), ("redis://[::1", "]"), ("redis://[::1]x", "port"),
            ("redis://secret@h", "password"), ("redis://u:@h", "empty"), ("redis://u:secret%zz@h", "%"),
            ("redis://u:secret%ff@h", "no text"), ("redis://u:secret%00@h", "no text"),
            ("redis+unix://h/p", "no host"), ("redis+unix://", "path"), ("redis+unix:///", "path"),
            ("redis+unix:///p?x=1", "db="), ("redis+unix:///p?db=x", "database"),
            ("redis+unix:///" + String(repeating: "p", count: 107), "bytes"), ("rediss://h", "stunnel"),
        ])
    func refuses(_ row: (text: String, word: String)) {
        let error = #expect(throws: RedisURLError.self) { try RedisURL(row.text) }
        #expect(error?.message.contains(row.word) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("secret") == false)
    }

    @Test(
        "a password is never shown, the rest is",
        arguments: [
            ("redis://user:secret@h:7/2", "redis://h:7/2"), ("redis://[::1]", "redis://[::1]:6379"),
            ("redis+unix://:secret@/p?db=1", "redis+unix:///p?db=1"),
        ])
    func hides(_ row: (text: String, shown: String)) throws {
        let url = try RedisURL(row.text)
        #expect("\(url)" == row.shown)
        var dumped = ""
        dump(url, to: &dumped)
        #expect(!(dumped + url.debugDescription + String(reflecting: url)).contains("secret"))
    }
}
