// SPDX-License-Identifier: MIT
import SeededRandom
import Testing

@testable import WireProtocol

@Suite struct FrameDecoderTests {
    private static let payloads: [[UInt8]] = ["{}", "[1,2,3]", "x"].map { Array($0.utf8) }
    private static let stream = payloads.flatMap { Frame.encode($0) }

    @Test(arguments: 0...stream.count)
    func `frames arrive whole wherever the bytes are split`(split: Int) throws {
        var decoder = FrameDecoder()
        var frames: [[UInt8]] = []
        try decoder.feed(Array(Self.stream[..<split]), into: &frames)
        try decoder.feed(Array(Self.stream[split...]), into: &frames)
        #expect(frames == Self.payloads)
        #expect(!decoder.isInsideFrame)
    }

    @Test func `bytes one by one give the same frames`() throws {
        var decoder = FrameDecoder()
        var frames: [[UInt8]] = []
        for byte in Self.stream { try decoder.feed([byte], into: &frames) }
        #expect(frames == Self.payloads)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `random frames in random pieces come out as they went in`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let payloads = (0..<50).map { _ in
            (0..<Int.random(in: 1...5000, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        let stream = payloads.flatMap { Frame.encode($0) }
        var decoder = FrameDecoder()
        var frames: [[UInt8]] = []
        var at = 0
        while at < stream.count {
            let end = min(stream.count, at + Int.random(in: 1...3000, using: &random))
            try decoder.feed(Array(stream[at..<end]), into: &frames)
            at = end
        }
        #expect(frames == payloads)
    }

    @Test(
        arguments: [
            ([0, 0, 0, 0], FrameError.zeroLength),
            ([0, 0, 0, 101], .oversize(bytes: 101, bytesMax: 100)),
            ([0, 255, 255, 255], .oversize(bytes: 0xFF_FFFF, bytesMax: 100)),
            ([0x7B], .firstByte(0x7B)),
            ([0x47, 0x45, 0x54, 0x20], .firstByte(0x47)),
        ] as [([UInt8], FrameError)])
    func `a header that cannot be is refused at its first wrong byte`(bytes: [UInt8], error: FrameError) {
        var decoder = FrameDecoder(frameBytesMax: 100)
        var frames: [[UInt8]] = []
        #expect(throws: error) { try decoder.feed(bytes, into: &frames) }
        #expect(throws: error) { try decoder.feed(Frame.encode("{}".utf8), into: &frames) }
        #expect(frames.isEmpty)
        #expect(!decoder.isInsideFrame)
    }

    @Test func `frames before an error are delivered`() {
        var decoder = FrameDecoder()
        var frames: [[UInt8]] = []
        #expect(throws: FrameError.zeroLength) { try decoder.feed(Self.stream + [0, 0, 0, 0], into: &frames) }
        #expect(frames == Self.payloads)
    }

    @Test func `the limit itself is allowed`() throws {
        var decoder = FrameDecoder(frameBytesMax: 100)
        var frames: [[UInt8]] = []
        try decoder.feed(Frame.encode([UInt8](repeating: 7, count: 100)), into: &frames)
        #expect(frames.map(\.count) == [100])
    }

    @Test func `a limit of 16 MiB and more lets the first byte be a length`() throws {
        var decoder = FrameDecoder(frameBytesMax: 32 << 20)
        var frames: [[UInt8]] = []
        try decoder.feed([1, 0, 0, 1], into: &frames)
        #expect(decoder.isInsideFrame)
        var narrow = FrameDecoder(frameBytesMax: 32 << 20)
        #expect(throws: FrameError.firstByte(3)) { try narrow.feed([3], into: &frames) }
    }

    @Test func `an announced length costs nothing until bytes arrive`() throws {
        var decoder = FrameDecoder()
        var frames: [[UInt8]] = []
        try decoder.feed([0, 0x40, 0, 0], into: &frames)
        #expect(decoder.isInsideFrame)
        #expect(decoder.heldBytes == 0)
        for count in 1...1000 {
            try decoder.feed([1], into: &frames)
            #expect(decoder.heldBytes <= 2 * count + 64)
        }
    }
}
