// SPDX-License-Identifier: MIT
#if Postgres
import JSON
import MainDatabase
import Testing
import TransactionModel

@testable import PostgresConnection
@testable import PostgresMainDatabase

/// Decisions and texts that need no server.
@Suite struct PureTests {
    @Test func placeholdersAreReplacedOutsideOfNames() {
        let sql = #"INSERT INTO "t$1" ("a$2", "b""$3") VALUES ($1::bigint, $2, $12)"#
        #expect(CaptureText.loading([:], into: sql) == sql)
        #expect(
            CaptureText.loading([1: "bigint", 12: "uuid"], into: sql)
                == #"INSERT INTO "t$1" ("a$2", "b""$3") VALUES (substr(nullif(current_setting($1, true), ''), 2)::bigint::bigint, "#
                + #"$2, substr(nullif(current_setting($12, true), ''), 2)::uuid)"#)
    }

    @Test func storedColumnsComeAfterTheStatementsOwn() {
        #expect(
            CaptureText.storing([1], of: "SELECT 1, 2", returning: 2, parameters: 3)
                == "WITH result(c0, c1) AS (SELECT 1, 2) SELECT result.*, set_config($4, 'v' || result.c1::text, true) FROM result"
        )
    }

    @Test func arraysReadBack() {
        let values: [String?] = [nil, "", "NULL", "a b", "{x}", "\"quoted\" \\ slash", "é😀", ","]
        let text = ArrayText.write(values)
        #expect(ArrayText.read(text, as: .text) == .array(values.map { $0.map { .string($0) } ?? .null }))
        #expect(ArrayText.read("{}", as: .integer) == [])
        for broken in ["", "{", "{1", "1", "{1}}", "{{1}"] {
            #expect(ArrayText.read(broken, as: .integer) == nil, "\(broken)")
        }
    }

    @Test func bytesReadBack() {
        let bytes = Array(UInt8.min...UInt8.max)
        #expect(PostgresValue.bytes(ofHexadecimal: PostgresValue.hexadecimal(bytes)) == bytes)
        #expect(PostgresValue.bytes(ofHexadecimal: "\\x") == [])
        for broken in ["", "00", "\\x0", "\\xzz"] { #expect(PostgresValue.bytes(ofHexadecimal: broken) == nil) }
    }

    @Test func namesOfStatementsStayFew() {
        var names = StatementNames(statementsMax: 4)
        let areNew = (0..<6).map { names.name(of: "\($0)").isNew }
        #expect(areNew == Array(repeating: true, count: 6))
        let again = names.name(of: "0")
        #expect(!again.isNew && !names.isOld("0"))
        let given = names.trim()
        #expect(given.count == 3 && names.count == 3, "a quarter more than needed")
        let (kept, lost) = (names.name(of: "0"), names.name(of: "1"))
        #expect(!kept.isNew && names.isOld("0") && lost.isNew, "the one used last is kept")
        names.forget("0")
        let forgotten = names.name(of: "0")
        #expect(forgotten.isNew)
        names.giveUp("0")
        let given0 = names.trim()
        #expect(given0.count == 1, "the server forgets it too")
        let (composed, decomposed) = (names.name(of: "é"), names.name(of: "e\u{301}"))
        #expect(composed.name != decomposed.name, "bytes, not characters")
    }

    @Test func modelsBecomeTables() {
        #expect(SQLDialect.postgres.table("unit") == #""unit""#)
        #expect(SQLDialect.postgres.table("obs.un.it\"") == #""obs"."un.it""""#)
        #expect(SQLDialect.postgres.placeholder(3, .integer(bits: 16)) == "$3::bigint")
        #expect(SQLDialect.postgres.operand("\"a\"", .text, .order) == "\"a\" COLLATE \"C\"")
        #expect(SQLDialect.postgres.operand("\"a\"", .text, .equality) == "\"a\"")
    }

    // MARK: Turns

    @Test func sessionsAreHandedOnInOrder() {
        var turns = SessionTurns<String>(sessions: 2)
        let acquired = ["a", "b", "c", "d"].map { turns.acquire($0, at: .now) }
        #expect(acquired == [0, 1, nil, nil])
        let released = [1, 0, 1].map { turns.release($0, isConnected: true, at: .now).map(\.waiter) }
        #expect(released == [["c"], ["d"], []])
        let last = turns.acquire("e", at: .now)
        #expect(last == 1)
    }

    @Test func aLivingConnectionGoesFirst() {
        var turns = SessionTurns<String>(sessions: 3)
        let acquired = ["a", "b"].map { turns.acquire($0, at: .now) }
        #expect(acquired == [0, 1])
        // The one that could not connect is given back last, and taken last.
        for (session, isConnected) in [(0, true), (1, false)] {
            let free1 = turns.release(session, isConnected: isConnected, at: .now)
            #expect(free1.isEmpty)
        }
        let next = ["c", "d", "e"].map { turns.acquire($0, at: .now) }
        #expect(next == [0, 1, 2])
    }

    @Test func aServerWithoutConnectionsLeftMeansFewerSessions() {
        let start = ContinuousClock.now
        let later = start + SessionTurns<String>.refusalPause
        var turns = SessionTurns<String>(sessions: 3)
        let acquired = ["a", "b"].map { turns.acquire($0, at: start) }
        #expect(acquired == [0, 1])
        let free2 = turns.release(0, isConnected: true, at: start)
        #expect(free2.isEmpty)
        let waits = turns.refused(at: start)
        let none = turns.release(1, isConnected: false, at: start)
        #expect(waits && none.isEmpty)
        // The one there is must do.
        let inUse = ["b", "c", "d"].map { turns.acquire($0, at: start) }
        #expect(inUse == [0, nil, nil])
        let handed = turns.release(0, isConnected: true, at: start)
        #expect(handed.map(\.waiter) == ["c"] && handed.map(\.session) == [0])
        // Another one is tried later, one at a time.
        let tried = ["e", "f"].map { turns.acquire($0, at: later) }
        #expect(tried == [1, nil])
        // It came through: whoever waits may try too.
        let further = turns.release(1, isConnected: true, at: later)
        #expect(further.map(\.waiter) == ["d", "f"] && further.map(\.session) == [1, 2])
    }

    @Test func theLastConnectionToGoLeavesNobodyWaiting() {
        var turns = SessionTurns<String>(sessions: 2)
        let first = turns.acquire("a", at: .now)
        let second = turns.acquire("b", at: .now)
        #expect(first == 0 && second == 1)
        let free3 = turns.release(0, isConnected: true, at: .now)
        #expect(free3.isEmpty)
        let others = turns.refused(at: .now)
        #expect(others)
        let free4 = turns.release(1, isConnected: false, at: .now)
        #expect(free4.isEmpty)
        let last = ["c", "d", "e"].map { turns.acquire($0, at: .now) }
        #expect(last == [0, nil, nil])
        // The outage is theirs to find out.
        let handed = turns.release(0, isConnected: false, at: .now)
        #expect(handed.map(\.waiter) == ["d", "e"] && Set(handed.map(\.session)) == [0, 1])
        let isAlone = !turns.refused(at: .now)
        #expect(isAlone, "there is nobody to wait for")
    }

    @Test func unusedConnectionsAreGivenUp() {
        var turns = SessionTurns<String>(sessions: 3)
        let acquired = ["a", "b"].map { turns.acquire($0, at: .now) }
        #expect(acquired == [0, 1])
        let free5 = turns.release(0, isConnected: true, at: .now)
        #expect(free5.isEmpty)
        let (idle, none) = (turns.takeIdle(), turns.takeIdle())
        #expect(idle == [0] && none.isEmpty)
        let free6 = turns.release(0, isConnected: false, at: .now)
        #expect(free6.isEmpty)
    }

    @Test func anInterruptHitsTheCallItIsMeantFor() {
        var turns = SessionTurns<String>(sessions: 1)
        let (first, second, third, fourth) = (turns.enter(), turns.enter(), turns.enter(), turns.enter())
        let firstBegins = turns.begin(first, on: 0)
        let (waiting, running) = (turns.cancel(second), turns.cancel(first))
        #expect(firstBegins && waiting == nil && running == 0)
        turns.end(first, on: 0)
        let (secondBegins, thirdBegins) = (turns.begin(second, on: 0), turns.begin(third, on: 0))
        #expect(!secondBegins && thirdBegins)
        let interrupted = turns.close()
        let fourthBegins = turns.begin(fourth, on: 0)
        #expect(interrupted == [0] && !fourthBegins)
    }

    @Test func aLostBatchIsWaitedForOnce() {
        var lost = LostBatches()
        #expect(lost.open == nil)
        lost.lose()
        let first = lost.open
        lost.lose()
        lost.settle(first)
        let second = lost.open
        #expect(first == 1 && second == 2, "one was lost meanwhile")
        lost.settle(second)
        lost.settle(first)
        #expect(lost.open == nil)
    }

    // MARK: Selection

    private func creating(_ name: String) -> PreparedTransaction {
        PreparedTransaction(
            transactionID: id(name), contentHash: hash(), statements: [],
            assignedIDs: AssignedIDs(steps: [
                ("one", false, [.captured(statement: 2)]), ("many", true, [.known("k"), .captured(statement: 3)]),
            ]))
    }

    private func using(_ name: String, _ other: String) -> PreparedTransaction {
        PreparedTransaction(
            transactionID: id(name), contentHash: hash(),
            statements: [
                Statement(
                    sql: "", parameters: [.assigned(id(other), step: "one", row: nil, .integer)], expectation: .any,
                    step: 0)
            ])
    }

    @Test func referencesAreToEarlierMembersOrToTheLedger() {
        var selection = BatchSelection([
            creating("a"), using("b", "a"), using("c", "z"), using("d", "e"), creating("e"),
        ])
        #expect(selection.referenced == [id("e"), id("z")])
        #expect(Set(selection.wanted) == Set(["a", "b", "c", "d", "e", "z"].map(id)))
        func source(_ name: String, _ step: String, _ row: Int?, _ member: Int) -> BatchSelection.Source? {
            selection.source(of: id(name), step: step, row: row, for: member)
        }
        let sources = [
            source("a", "one", nil, 1), source("a", "many", 0, 1), source("a", "many", 1, 1), source("a", "many", 2, 1),
            source("a", "many", nil, 1), source("a", "one", 0, 1), source("a", "none", nil, 1),
            source("e", "one", nil, 3),
        ]
        #expect(
            sources == [
                .captured(member: 0, statement: 2), .value("k"), .captured(member: 0, statement: 3), nil, nil, nil, nil,
                nil,
            ])
        let found = BatchSelection.Found(
            contentHash: hash().bytes, generatedIDs: Array(#"{"one":7,"many":[1,null]}"#.utf8))
        let isKnown = selection.note([id("z"): found])
        #expect(!isKnown && selection.running == [0, 1, 2, 3, 4])
        let known = [source("z", "one", nil, 2), source("z", "many", 1, 2)]
        #expect(known == [.value(7), nil])
    }

    @Test func whatTheLedgerHasIsNotRun() {
        var selection = BatchSelection([creating("a"), using("b", "a"), creating("a"), transaction("b", hash: 9)])
        #expect(selection.running == [0, 1])
        let known = BatchSelection.Found(contentHash: hash().bytes, generatedIDs: Array("{}".utf8))
        let isKnown = selection.note([id("a"): known])
        #expect(isKnown && selection.running == [1])
        let outcomes = selection.outcomes(Position(5, timeline: 1), generatedIDs: [1: [1]])
        let before = BatchOutcome.Applied.before(Position(5, timeline: 1), generatedIDs: Array("{}".utf8))
        #expect(outcomes == [before, .now(Position(5, timeline: 1), generatedIDs: [1]), before, .conflict])
    }
}
#endif
