import Curl

/// A request of the API.
struct APIRequest: Sendable {
    var method: String
    /// From the root, each part already encoded: `/api/keys/web%20shop`.
    var path: String
    var query: [(name: String, value: String)] = []
    /// What is sent, and its media type.
    var body: [UInt8]?
    var type = "application/json"
    /// Further headers; their values without line ends.
    var headers: [(name: String, value: String)] = []

    init(_ method: String, _ path: String, query: [(name: String, value: String)] = [], body: [UInt8]? = nil) {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
    }

    /// Path and query as they go over the wire.
    var target: String {
        query.isEmpty ? path : path + "?" + query.map { "\(Self.encoded($0.name))=\(Self.encoded($0.value))" }.joined(separator: "&")
    }

    /// Text as one part of a path or query: everything but RFC 3986's unreserved characters is percent-encoded.
    static func encoded(_ text: String) -> String {
        var out: [UInt8] = []
        let hex = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: out.append(byte)
            default: out += [0x25, hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}

/// What came back.
struct APIAnswer: Sendable {
    var status: Int
    var type = ""
    /// Seconds after which the server wants to hear from us again; nil when it did not say.
    var retryAfter: Int?
    /// Empty when the body was streamed.
    var body: [UInt8] = []
}

/// Where requests go.
enum APIAddress: Sendable, Equatable {
    /// The Unix socket of a data folder: whoever can open it is an administrator.
    case socket(path: String)
    /// A server anywhere, `http://127.0.0.1:8080`, with a token.
    case url(String, token: String?)
}

/// Why there is no answer.
enum ClientProblem: Error, Equatable {
    /// Nobody listens; nothing was sent. A retry helps when somebody does.
    case unreachable(String)
    /// The connection broke before the answer was whole. What was asked may or may not be done.
    case broken(String)
    /// Whoever was to take the body did not.
    case stopped(WriteProblem)
}

/// Calls of the API over a connection that is kept open between them. For one thread at a time.
final class APIConnection {
    private let handle = CurlHandle()
    private let address: APIAddress

    init(_ address: APIAddress) { self.address = address }

    /// Sends a request and waits for the whole answer.
    /// - Parameter sink: Takes the body of a successful answer piece by piece, at its own pace: until it returns nothing more is
    ///   read, and the server waits. Without it the body is in the answer.
    func perform(_ request: APIRequest, sink: ((UnsafeRawBufferPointer) -> WriteProblem?)? = nil) throws(ClientProblem) -> APIAnswer {
        var stopped: WriteProblem?
        let taking: CurlHandle.Sink? = sink.map { sink in
            { bytes in
                stopped = sink(bytes)
                return stopped == nil
            }
        }
        do throws(CurlProblem) {
            let answer = try handle.perform(outgoing(request), sink: taking)
            return APIAnswer(status: answer.status, type: answer.type, retryAfter: answer.retryAfter, body: answer.body)
        } catch {
            if let stopped { throw .stopped(stopped) }
            switch error {
            case .unreachable(let words): throw .unreachable(words)
            case .tooSlow(let words), .broken(let words): throw .broken(words)
            case .forbidden(let address): throw .unreachable("\(address) may not be connected to")
            case .stopped: throw .broken("the answer was not taken")
            case .cancelled: throw .broken("it was given up")
            }
        }
    }

    private func outgoing(_ request: APIRequest) -> CurlRequest {
        var out: CurlRequest
        switch address {
        case .socket(let path):
            out = CurlRequest(request.method, "http://localhost" + request.target, body: request.body)
            out.socket = path
        case .url(let base, let token):
            out = CurlRequest(request.method, base + request.target, body: request.body)
            if let token { out.headers.append("Authorization: Bearer " + token) }
        }
        out.headers += request.headers.map { $0.name + ": " + $0.value }
        if request.body != nil { out.headers.append("Content-Type: " + request.type) }
        out.headers.append("Accept: application/json, application/x-ndjson, application/problem+json")
        return out
    }
}
