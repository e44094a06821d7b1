// SPDX-License-Identifier: MIT
internal import Logging
internal import NIOCore
internal import WireProtocol

/// What the channel tells.
extension Connection {
    /// Of requests that were read and not started; beyond it reading pauses. Only a stalled loop gets there.
    private static let unstartedBytesMax = 1 << 20
    /// Room for so many frames of a read is kept for the next one.
    private static let framesKept = 64

    func received(_ bytes: ByteBuffer) {
        guard machine.takesRequests else { return }
        let failure = decode(bytes)
        let areNew = !frames.isEmpty
        for frame in frames {
            unstartedBytes += frame.count
            unstarted.append(.frame(frame))
        }
        frames.removeAll(keepingCapacity: frames.capacity <= Self.framesKept)
        // After the requests before it: its answer is the last word.
        if let failure { fail(failure) }
        if decoder.isInsideFrame {
            watch.insideFrame(isNew: areNew, now: .now())
            keepWatch()
        } else {
            watch.outsideFrame()
        }
    }

    func readCompleted() {
        beginUnstarted()
        wake()
    }

    /// Whether the channel shall read; if not, ``continueReading()`` makes up for it.
    func mayRead() -> Bool {
        let isPaused = machine.takesRequests && (!isWritable || unstartedBytes >= Self.unstartedBytesMax)
        guard isPaused else { return true }
        holdsRead = true
        watch.outsideFrame()
        return false
    }

    func continueReading() {
        guard holdsRead, mayRead() else { return }
        holdsRead = false
        if decoder.isInsideFrame {
            watch.insideFrame(isNew: true, now: .now())
            keepWatch()
        }
        channel.read()
    }

    func writabilityChanged(_ isWritable: Bool) {
        self.isWritable = isWritable
        wake()
        continueReading()
    }

    func peerEnded() {
        perform(machine.peerEnded())
    }

    func vanished() {
        outbox.close()
        machine.vanished()
        stopTimers()
        wake()
    }

    func fail(_ error: FrameError) {
        logger.debug("broken frame", metadata: ["error": "\(error)"])
        lastWord = ReplyWriter.error(id: nil, error.wireError)
        perform(machine.endInput())
    }

    /// Into `frames`. What broke the stream, behind the frames before it.
    private func decode(_ bytes: ByteBuffer) -> FrameError? {
        bytes.withUnsafeReadableBytes { raw in
            do throws(FrameError) {
                try decoder.feed(raw, into: &frames)
                return nil
            } catch {
                return error
            }
        }
    }
}
