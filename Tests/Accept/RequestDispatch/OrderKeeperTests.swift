// SPDX-License-Identifier: MIT
import Synchronization
import Testing

@testable import RequestDispatch

@Suite struct OrderKeeperTests {
    /// A door that opens once.
    struct Gate: Sendable {
        private let stream = AsyncStream.makeStream(of: Void.self)

        func open() { stream.continuation.finish() }
        func passed() async { for await _ in stream.stream {} }
    }

    final class Diary: Sendable {
        private let entries = Mutex<[String]>([])

        var all: [String] { entries.withLock { $0 } }

        func note(_ entry: String) { entries.withLock { $0.append(entry) } }
    }

    @Test func `requests run beside each other until one holds the order`() async {
        let (order, diary, gate) = (OrderKeeper(), Diary(), Gate())
        await withDiscardingTaskGroup { group in
            group.addImmediateTask {
                await order.run { _ in
                    diary.note("a"); await gate.passed(); diary.note("a done")
                }
            }
            group.addImmediateTask {
                await order.run { turn in
                    turn.hold(); diary.note("b"); await gate.passed()
                }
            }
            group.addImmediateTask { await order.run { _ in diary.note("c") } }
            group.addImmediateTask { await order.run { _ in diary.note("d") } }
            #expect(diary.all == ["a", "b"])
            gate.open()
        }
        #expect(diary.all.filter { $0 != "a done" } == ["a", "b", "c", "d"])
    }

    @Test func `what is refused is noted in its place, and once where several follow one another`() async {
        let (order, diary, gate) = (OrderKeeper(), Diary(), Gate())
        order.note { diary.note("at once") }
        await withDiscardingTaskGroup { group in
            group.addImmediateTask {
                await order.run { turn in
                    turn.hold(); diary.note("a"); await gate.passed()
                }
            }
            order.note { diary.note("refused") }
            order.note { diary.note("refused again") }
            group.addImmediateTask { await order.run { _ in diary.note("b") } }
            order.note { diary.note("refused at the end") }
            #expect(diary.all == ["at once", "a"] && order.isHeld)
            gate.open()
        }
        #expect(diary.all == ["at once", "a", "refused", "b", "refused at the end"])
        #expect(!order.isHeld)
    }

    @Test func `one that goes another way waits for those before it, and those after it wait for it`() async {
        let (order, diary) = (OrderKeeper(), Diary())
        let (before, during) = (Gate(), Gate())
        await withDiscardingTaskGroup { group in
            for name in ["a", "b"] {
                group.addImmediateTask {
                    await order.run { _ in
                        await before.passed(); diary.note(name)
                    }
                }
            }
            group.addImmediateTask {
                await order.run { turn in
                    await turn.alone()
                    diary.note("alone")
                    await during.passed()
                    diary.note("alone done")
                }
            }
            group.addImmediateTask { await order.run { _ in diary.note("after") } }
            #expect(diary.all.isEmpty)
            before.open()
            during.open()
        }
        #expect(Set(diary.all.prefix(2)) == ["a", "b"])
        #expect(diary.all.suffix(3) == ["alone", "alone done", "after"])
    }

    @Test func `many, some of them alone, keep the order of those that hold it`() async {
        let (order, diary) = (OrderKeeper(), Diary())
        await withDiscardingTaskGroup { group in
            for number in 0..<300 {
                group.addImmediateTask {
                    await order.run { turn in
                        if number.isMultiple(of: 3) { await turn.alone() }
                        diary.note("\(number)")
                        await Task.yield()
                    }
                }
            }
        }
        #expect(diary.all == (0..<300).map(String.init))
    }
}
