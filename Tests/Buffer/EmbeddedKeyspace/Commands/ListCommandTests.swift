// SPDX-License-Identifier: MIT
import Testing

@testable import EmbeddedKeyspace

@Suite struct ListCommandTests {
    @Test func ends() throws {
        try Bench().check(
            """
            LPUSHX l a -> 0
            RPUSHX l a -> 0
            RPUSH l c d -> 2
            LPUSH l b a -> 4
            LRANGE l 0 -1 -> ["a" "b" "c" "d"]
            RPUSHX l e -> 5
            LPUSHX l z -> 6
            LLEN l -> 6
            LPOP l -> "z"
            RPOP l -> "e"
            LPOP l 2 -> ["a" "b"]
            LPOP l 0 -> []
            RPOP l 9 -> ["d" "c"]
            EXISTS l -> 0
            LPOP l -> (nil)
            LPOP l 2 -> (nil)
            LPOP l -1 -> ERR value is out of range, must be positive
            LPOP l x -> ERR value is out of range, must be positive
            LPOP l 1 1 -> ERR wrong number of arguments for 'lpop' command
            SET s 1 -> OK
            RPUSH s 1 -> WRONGTYPE Operation against a key holding the wrong kind of value
            LLEN s -> WRONGTYPE Operation against a key holding the wrong kind of value
            """)
    }

    @Test func ranges() throws {
        try Bench().check(
            """
            RPUSH l a b c d e -> 5
            LRANGE l 1 2 -> ["b" "c"]
            LRANGE l -2 -1 -> ["d" "e"]
            LRANGE l -100 100 -> ["a" "b" "c" "d" "e"]
            LRANGE l 3 1 -> []
            LRANGE l 5 9 -> []
            LRANGE none 0 -1 -> []
            LRANGE none x 1 -> ERR value is not an integer or out of range
            LINDEX l 0 -> "a"
            LINDEX l -1 -> "e"
            LINDEX l 5 -> (nil)
            LINDEX l -6 -> (nil)
            LINDEX none x -> (nil)
            LINDEX l x -> ERR value is not an integer or out of range
            LTRIM l 1 -2 -> OK
            LRANGE l 0 -1 -> ["b" "c" "d"]
            LTRIM l 5 9 -> OK
            EXISTS l -> 0
            LTRIM l 0 1 -> OK
            """)
    }

    @Test func edits() throws {
        try Bench().check(
            """
            LSET none 0 x -> ERR no such key
            RPUSH l a b a c a -> 5
            LSET l 1 B -> OK
            LSET l -1 A -> OK
            LSET l 5 x -> ERR index out of range
            LSET l x y -> ERR value is not an integer or out of range
            LRANGE l 0 -1 -> ["a" "B" "a" "c" "A"]
            LINSERT l BEFORE a 1 -> 6
            LINSERT l after a 2 -> 7
            LINSERT l BEFORE x 1 -> -1
            LINSERT none BEFORE x 1 -> 0
            LINSERT l BESIDE x 1 -> ERR syntax error
            LRANGE l 0 -1 -> ["1" "a" "2" "B" "a" "c" "A"]
            RPUSH l a -> 8
            LREM l -1 a -> 1
            LREM l 1 a -> 1
            LREM l 0 a -> 1
            LREM l 0 a -> 0
            LRANGE l 0 -1 -> ["1" "2" "B" "c" "A"]
            RPUSH m x x -> 2
            LREM m 0 x -> 2
            EXISTS m -> 0
            """)
    }

    @Test func moves() throws {
        try Bench().check(
            """
            RPUSH a 1 2 3 -> 3
            LMOVE a b LEFT RIGHT -> "1"
            LMOVE a b RIGHT LEFT -> "3"
            RPOPLPUSH a b -> "2"
            EXISTS a -> 0
            LRANGE b 0 -1 -> ["2" "3" "1"]
            RPOPLPUSH b b -> "1"
            LMOVE b b LEFT RIGHT -> "1"
            LMOVE b b RIGHT RIGHT -> "1"
            LRANGE b 0 -1 -> ["2" "3" "1"]
            RPUSH one x -> 1
            RPOPLPUSH one one -> "x"
            LRANGE one 0 -1 -> ["x"]
            LMOVE none s LEFT LEFT -> (nil)
            SET s 1 -> OK
            LMOVE none s LEFT LEFT -> (nil)
            LMOVE b s LEFT LEFT -> WRONGTYPE Operation against a key holding the wrong kind of value
            LMOVE b c UP LEFT -> ERR syntax error
            LLEN b -> 3
            """)
    }

    @Test func positions() throws {
        try Bench().check(
            """
            RPUSH l a b c a b c a -> 7
            LPOS l a -> 0
            LPOS l a RANK 2 -> 3
            LPOS l a RANK -1 -> 6
            LPOS l a RANK -2 COUNT 0 -> [3 0]
            LPOS l a COUNT 2 -> [0 3]
            LPOS l a COUNT 0 MAXLEN 4 -> [0 3]
            LPOS l c MAXLEN 2 -> (nil)
            LPOS l x -> (nil)
            LPOS l x COUNT 1 -> []
            LPOS none a COUNT 1 -> []
            LPOS l a RANK 0 -> ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list
            LPOS l a COUNT -1 -> ERR COUNT can't be negative
            LPOS l a MAXLEN x -> ERR MAXLEN can't be negative
            LPOS l a FOO -> ERR syntax error
            """)
    }

    @Test func insertionsAtOnePlaceNeverRunOutOfRoom() throws {
        let bench = try Bench()
        try bench.check("RPUSH l first last -> 2")
        for number in 1...100 { try bench.check("LINSERT l BEFORE last \(number) -> \(number + 2)") }
        let expected = ["first"] + (1...100).map(String.init) + ["last"]
        let text = expected.map { "\"\($0)\"" }.joined(separator: " ")
        try bench.check("LRANGE l 0 -1 -> [\(text)]")
        try bench.check("LPUSH l x -> 103\nRPUSH l y -> 104\nLINDEX l 0 -> \"x\"\nLINDEX l -1 -> \"y\"")
    }

    @Test func aPageOfComparisonsIsNotTheEnd() throws {
        let bench = try Bench()
        for number in 0..<1200 { _ = try bench.run("RPUSH l \(number % 600)") }
        try bench.check("LPOS l 599 COUNT 0 -> [599 1199]\nLPOS l 0 RANK -1 -> 600\nLPOS l 599 MAXLEN 599 -> (nil)")
    }
}
