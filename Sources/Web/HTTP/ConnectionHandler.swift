import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes

/// Keeps slow and broken clients from holding connections.
///
/// - A request must have arrived whole within ``Limits/request`` of its head. (That a head arrives at all within the idle
///   time is the server's own rule: it counts from the connection's beginning or the last answer to the head's last byte.)
/// - Who does not take what waits for it within ``Limits/write`` is cut off.
/// - `Expect: 100-continue` is answered, unless the announced body is larger than any route takes.
/// - After an answer with `Connection: close` we stop sending, and drop what still arrives for ``Limits/linger``, so that
///   the client reads the answer rather than a reset (RFC 9112, section 9.6).
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    struct Limits: Sendable {
        var request: TimeAmount
        /// Nil for the Unix socket: a person may stop reading an export for as long as they like.
        var write: TimeAmount?
        var linger: TimeAmount = .seconds(2)
        var body: Int
    }

    private let limits: Limits
    private var isReading = false
    private var isClosing = false
    /// Requests begun and not answered to the end: more than one when the client does not wait for answers.
    private var unanswered = 0
    private var requestTimer: Scheduled<Void>?
    private var writeTimer: Scheduled<Void>?

    init(limits: Limits) { self.limits = limits }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            isReading = true
            unanswered += 1
            // Behind an answer that is still being written it would stand in the middle of that.
            if head.headerFields[.expect]?.lowercased() == "100-continue", announced(head) <= limits.body, unanswered == 1 {
                context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
            }
        case .body:
            if isClosing { return }
        case .end:
            isReading = false
            requestTimer?.cancel()
            requestTimer = nil
        }
        context.fireChannelRead(data)
    }

    private func announced(_ head: HTTPRequest) -> Int { head.headerFields[.contentLength].flatMap { Int($0) } ?? 0 }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Most requests arrive in one read, so that no timer is ever set for them.
        if isReading, requestTimer == nil { requestTimer = close(context, in: limits.request) }
        context.fireChannelReadComplete()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head):
            if head.headerFields[.connection] == "close" { isClosing = true }
            context.write(data, promise: promise)
        case .body:
            context.write(data, promise: promise)
        case .end:
            unanswered -= 1
            guard isClosing else { return context.write(data, promise: promise) }
            let sent = promise ?? context.eventLoop.makePromise()
            let mode: CloseMode = isReading ? .output : .all
            let channel = context.channel
            sent.futureResult.whenComplete { _ in channel.close(mode: mode, promise: nil) }
            context.writeAndFlush(data, promise: sent)
            if isReading {
                requestTimer?.cancel()
                requestTimer = close(context, in: limits.linger)
            }
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            writeTimer?.cancel()
            writeTimer = nil
        } else if writeTimer == nil, let write = limits.write {
            writeTimer = close(context, in: write)
        }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        cancel()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { cancel() }

    private func cancel() {
        requestTimer?.cancel()
        writeTimer?.cancel()
        requestTimer = nil
        writeTimer = nil
    }

    private func close(_ context: ChannelHandlerContext, in time: TimeAmount) -> Scheduled<Void> {
        let channel = context.channel
        return context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
    }
}
