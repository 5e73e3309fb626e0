import NIOCore
import NIOPosix
import Synchronization
import Testing

/// A connection to a server, byte by byte: for what an HTTP client would never send.
struct Wire {
    let sender: Sender
    private let box: Box
    /// Holds the iterator, which is no value to copy.
    private final class Box {
        var iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
        var received: [UInt8] = []
        init(_ iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator) { self.iterator = iterator }
    }

    enum Place: Sendable {
        case port(Int)
        case socket(String)
    }

    private init(_ inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator, _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>) {
        sender = Sender(outbound: outbound)
        box = Box(inbound)
    }

    /// Connects, and closes when the call ends.
    static func open<R: Sendable>(_ place: Place, _ body: (Wire) async throws -> R) async throws -> R {
        let bootstrap = ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
        let wrap: @Sendable (any Channel) -> EventLoopFuture<NIOAsyncChannel<ByteBuffer, ByteBuffer>> = { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel(
                    wrappingChannelSynchronously: channel, configuration: .init(inboundType: ByteBuffer.self, outboundType: ByteBuffer.self))
            }
        }
        let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>
        switch place {
        case .port(let port): channel = try await bootstrap.connect(host: "127.0.0.1", port: port, channelInitializer: wrap)
        case .socket(let path): channel = try await bootstrap.connect(unixDomainSocketPath: path, channelInitializer: wrap)
        }
        let made = Mutex<R?>(nil)
        do {
            try await channel.executeThenClose { inbound, outbound in
                let result = try await body(Wire(inbound.makeAsyncIterator(), outbound))
                made.withLock { $0 = result }
            }
        } catch ChannelError.ioOnClosedChannel where made.withLock({ $0 != nil }) {
            // The server has closed it while something was still on its way there.
        }
        return try #require(made.withLock { $0 })
    }

    /// The sending side, which another task may use.
    struct Sender: Sendable {
        let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
        func send(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }
        func send(_ text: String) async throws { try await send(Array(text.utf8)) }
    }
    func send(_ bytes: [UInt8]) async throws { try await sender.send(bytes) }
    func send(_ text: String) async throws { try await sender.send(text) }

    /// Everything received so far, once it satisfies the condition or the server closed. A reset counts as closed.
    func receive(until isEnough: ([UInt8]) -> Bool) async -> [UInt8] {
        while !isEnough(box.received) {
            guard let part = try? await box.iterator.next(isolation: #isolation) else { break }
            box.received.append(contentsOf: part.readableBytesView)
        }
        return box.received
    }
    /// Everything until the server closes.
    func receiveAll() async -> [UInt8] { await receive { _ in false } }

    /// The next whole answer; nil when the server closed before.
    func answer(toHead: Bool = false) async -> Answer? {
        let bytes = await receive { Answer($0, toHead: toHead, closed: false) != nil }
        guard let answer = Answer(bytes, toHead: toHead, closed: true) else { return nil }
        box.received.removeFirst(min(answer.count, box.received.count))
        return answer
    }
}

/// An HTTP answer.
struct Answer: Sendable {
    var status: Int
    /// Names in lower case; values of a repeated name on lines of their own.
    var headers: [String: String]
    var body: [UInt8]
    /// Bytes of all of it.
    var count: Int
    var text: String { String(decoding: body, as: UTF8.self) }

    /// Nil while it is not whole.
    init?(_ bytes: [UInt8], toHead: Bool, closed: Bool) {
        let end = Array("\r\n\r\n".utf8)
        guard let split = bytes.indices.first(where: { bytes[$0...].starts(with: end) }) else { return nil }
        let lines = String(decoding: bytes[..<split], as: UTF8.self).split(separator: "\r\n")
        guard let first = lines.first, let code = first.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else { return nil }
        status = code
        headers = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let value = String(parts[1].drop { $0 == " " })
            headers[parts[0].lowercased(), default: ""] += headers[parts[0].lowercased()] == nil ? value : "\n" + value
        }
        let rest = bytes[(split + 4)...]
        body = []
        count = split + 4
        if toHead || code == 204 || code == 100 { return }
        if let length = headers["content-length"].flatMap({ Int($0) }) {
            guard rest.count >= length else { return nil }
            body = Array(rest.prefix(length))
            count += length
        } else if headers["transfer-encoding"] == "chunked" {
            guard let (data, used) = Self.chunks(rest) else { return nil }
            body = data
            count += used
        } else if !closed {
            return nil
        } else {
            body = Array(rest)
            count = bytes.count
        }
    }

    private static func chunks(_ bytes: ArraySlice<UInt8>) -> (data: [UInt8], used: Int)? {
        var at = bytes.startIndex
        var data: [UInt8] = []
        while true {
            guard let line = bytes[at...].firstIndex(of: 10),
                let size = Int(String(decoding: bytes[at..<line], as: UTF8.self).filter { $0.isHexDigit }, radix: 16),
                line + size + 2 < bytes.endIndex
            else { return nil }
            data += bytes[(line + 1)..<(line + 1 + size)]
            at = line + 1 + size + 2
            if size == 0 { return (data, at - bytes.startIndex) }
        }
    }
}
