// SPDX-License-Identifier: MIT
import NIOCore

/// One connection to a Redis server: the last handler of its channel. Everything in it happens on its event loop.
///
/// What is sent within one turn of the loop travels as one write; what is sent while the server does not read, as one
/// more when it reads again. After an error, a timeout or a close it is dead for good: a late reply finds nobody.
final class RedisConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    typealias Answer = Result<[RESPValue], ConnectionFailure>
    typealias Continuation = AnswerRecipient

    private enum Life: Equatable {
        case active
        case dead(String)
    }

    /// An outgoing buffer that grew larger is not kept for the next write.
    private static let keptBytesMax = 1 << 20

    /// Of the server at the other end, once the connection is made.
    var runID = ""
    private let eventLoop: any EventLoop
    private let settings: RedisSettings
    private let replyTimeout: TimeAmount
    private let reader: ReplyReader
    private var life = Life.active
    private var context: ChannelHandlerContext?
    private var pending = PendingReplies<ReplyReceiver>()
    private var outgoing = ByteBuffer()
    /// What was written before: mostly the system has taken it by now, and its memory is ours again.
    private var emptied: ByteBuffer?
    private var isFlushScheduled = false
    private var timer: Scheduled<Void>?
    private var onDeath: ((String) -> Void)?

    init(_ settings: RedisSettings, on eventLoop: any EventLoop) throws(ReplyReader.Failure) {
        self.eventLoop = eventLoop
        self.settings = settings
        replyTimeout = TimeAmount(settings.replyTimeout)
        reader = try ReplyReader(replyBytesMax: settings.replyBytesMax)
    }

    var isAlive: Bool { life == .active }

    /// Called once, when the connection has ended and everybody who waited was told; at once if it has.
    func whenDead(_ body: @escaping (String) -> Void) {
        switch life {
        case .active: onDeath = body
        case .dead(let reason): body(reason)
        }
    }

    /// Sends what `encode` writes; it returns how many replies that will get, at least one, which hold no more than `limit`.
    func send(
        to receiver: ReplyReceiver, limit: ReplyBuilder.Limit? = nil, _ encode: (inout ByteBuffer) -> Int
    ) {
        if case .dead(let reason) = life { return receiver.receive(.failure(.unsent(reason))) }
        guard pending.weight < settings.operationsMax, outgoing.readableBytes < settings.unsentBytesMax else {
            return receiver.receive(.failure(.busy))
        }
        if outgoing.capacity == 0, var reused = emptied.take() {
            reused.clear()
            outgoing = reused
        }
        let replies = encode(&outgoing)
        pending.append(
            receiver, replies: replies, weight: receiver.weight, limit: limit, deadline: eventLoop.now + replyTimeout)
        keepTime()
        scheduleFlush()
    }

    /// Sends commands; the future has a reply to each, or fails with a ``ConnectionFailure``.
    func request(_ commands: [[[UInt8]]]) -> EventLoopFuture<[RESPValue]> {
        let promise = eventLoop.makePromise(of: [RESPValue].self)
        send(to: .promise(promise)) { buffer in
            for command in commands { buffer.writeCommand(command) }
            return commands.count
        }
        return promise.futureResult
    }

    /// Ends the connection; whoever waits is told the reason.
    func close(because reason: String) { end(reason) }

    // MARK: What the channel tells

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        end("The connection to Redis was closed.")
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        flush()
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard life == .active else { return }
        do throws(ReplyReader.Failure) {
            try deliver(unwrapInboundIn(data))
        } catch {
            end(error.message)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { flush() }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end("Redis closed the connection.")
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end("The connection to Redis failed.")
    }

    // MARK: In

    private func deliver(_ bytes: ByteBuffer) throws(ReplyReader.Failure) {
        // The library's closure throws untyped; the error travels beside it.
        var failure: ReplyReader.Failure?
        bytes.withUnsafeReadableBytes { raw in
            do throws(ReplyReader.Failure) {
                try reader.feed(raw)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        while life == .active, let reply = try reader.next(pending.limit) {
            switch pending.receive(reply, bytes: reader.takenBytes) {
            case .waits: continue
            case .complete(let receiver, let replies): receiver.receive(.success(replies))
            case .unrequested: return end(Self.reason(forUnrequested: reply))
            }
        }
    }

    /// A server says so when it sends somebody away, for instance at its maxclients.
    private static func reason(forUnrequested reply: RESPValue) -> String {
        guard case .error(let bytes) = reply else { return "Redis sent a reply that nobody asked for." }
        return "Redis ended the connection (\(ServerError(bytes).prefix))."
    }

    // MARK: Out

    private func scheduleFlush() {
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        eventLoop.assumeIsolated().execute {
            self.isFlushScheduled = false
            self.flush()
        }
    }

    private func flush() {
        guard let context, outgoing.readableBytes > 0, context.channel.isActive, context.channel.isWritable else {
            return
        }
        let batch = outgoing
        outgoing = ByteBuffer()
        pending.markSent()
        context.writeAndFlush(wrapOutboundOut(batch), promise: nil)
        if batch.capacity <= Self.keptBytesMax { emptied = batch }
    }

    // MARK: Time

    /// One timer for all: it looks at whoever has waited longest.
    private func keepTime() {
        guard timer == nil, let deadline = pending.deadline else { return }
        timer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.lookAtTime() }
    }

    private func lookAtTime() {
        timer = nil
        guard let deadline = pending.deadline else { return }
        if deadline <= eventLoop.now {
            end("Redis gave no reply in time.")
        } else {
            keepTime()
        }
    }

    // MARK: The end

    private func end(_ reason: String) {
        guard life == .active else { return }
        life = .dead(reason)
        timer?.cancel()
        timer = nil
        outgoing = ByteBuffer()
        context?.close(promise: nil)
        for (receiver, wasSent) in pending.removeAll() {
            receiver.receive(.failure(wasSent ? .unanswered(reason) : .unsent(reason)))
        }
        let onDeath = onDeath
        self.onDeath = nil
        onDeath?(reason)
    }
}
