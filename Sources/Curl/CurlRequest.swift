package import Kernel

/// A request that goes out by HTTP or HTTPS. No redirect is followed, no proxy asked.
package struct CurlRequest: Sendable {
    /// `GET`, `POST` and others, as they go over the wire.
    package var method: String
    /// As it goes over the wire: what has to be percent-encoded is.
    package var url: String
    /// A Unix socket to speak over instead of the network.
    package var socket: String?
    /// `Name: value` each, without line ends.
    package var headers: [String] = []
    /// What is sent; nil for nothing, which is not the same as an empty body.
    package var body: [UInt8]?
    /// Seconds until there is a connection.
    package var connectSeconds = 10
    /// Milliseconds for the whole of it; nil takes as long as it takes.
    package var limit: Int?
    /// The most bytes of the answer's body that are read. The answer is given without the rest, and the connection ended.
    package var mostBytes = Int.max
    /// Whether an address may be connected to. Asked of each before it is, so that it does not matter what a name led to before.
    /// Nil lets all pass.
    package var mayConnect: (@Sendable (IPAddress) -> Bool)?

    /// A request over the network, of ten seconds to connect and without any other limit.
    package init(_ method: String, _ url: String, body: [UInt8]? = nil) {
        self.method = method
        self.url = url
        self.body = body
    }
}

/// What came back.
package struct CurlAnswer: Sendable, Equatable {
    /// 100 to 599.
    package var status = 0
    /// The media type; empty when it was not said.
    package var type = ""
    /// Seconds after which the server wants to hear from us again: 0 to `Int.max`, whatever it wrote. Nil when it did not say, or said a date.
    package var retryAfter: Int?
    /// When the server wants to hear from us again, where it said a date: from 1970 to the last moment that can be counted, so nothing can be added to it.
    package var retryAt: Instant?
    /// Empty when it went to a sink.
    package var body: [UInt8] = []

    /// Nothing has come yet.
    package init() {}
}

/// Why there is no answer.
package enum CurlProblem: Error, Equatable, Sendable {
    /// Nobody listens, or nobody knows the name; nothing was sent. libcurl's words. A retry helps when somebody does.
    case unreachable(String)
    /// Every address that could have been connected to is one that may not be; one of them. Nothing was sent.
    case forbidden(IPAddress)
    /// It was not over in time. What was asked may or may not be done.
    case tooSlow(String)
    /// The connection broke before the answer was whole, or TLS failed. What was asked may or may not be done.
    case broken(String)
    /// Whoever was to take the body did not.
    case stopped
    /// It was given up before it was over, as by an end of the program. What was asked may or may not be done.
    case cancelled
}
