import CCurl

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

/// One libcurl handle: a connection that is kept open between requests. For one thread at a time.
final class CurlHandle {
    private let handle: UnsafeMutableRawPointer
    private let address: APIAddress

    /// What the callbacks of one request fill.
    private final class Transfer {
        var answer = APIAnswer(status: 0)
        var sink: ((UnsafeRawBufferPointer) -> WriteProblem?)?
        var stopped: WriteProblem?
        let handle: UnsafeMutableRawPointer
        init(_ handle: UnsafeMutableRawPointer) { self.handle = handle }
    }

    init(_ address: APIAddress) {
        // Safe to call again: libcurl counts. Its first call must not run beside another, which `ready` sees to.
        _ = Self.ready
        guard let made = curl_easy_init() else { preconditionFailure("no memory for an HTTP client") }
        handle = made
        self.address = address
    }
    deinit { curl_easy_cleanup(handle) }

    private static let ready: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// Sends a request and waits for the whole answer.
    /// - Parameter sink: Takes the body of a successful answer piece by piece, at its own pace: until it returns nothing more is
    ///   read, and the server waits. Without it the body is in the answer.
    func perform(_ request: APIRequest, sink: ((UnsafeRawBufferPointer) -> WriteProblem?)? = nil) throws(ClientProblem) -> APIAnswer {
        let transfer = Transfer(handle)
        transfer.sink = sink
        curl_easy_reset(handle)
        var headers = set(request)
        defer { curl_slist_free_all(headers) }
        headers = curl_slist_append(headers, "Expect:")
        _ = sl_curl_set_pointer(handle, CURLOPT_HTTPHEADER, headers)

        let code: CURLcode = withExtendedLifetime(transfer) {
            let context = Unmanaged.passUnretained(transfer).toOpaque()
            _ = sl_curl_set_data(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
                guard let context else { return 0 }
                return CurlHandle.took(
                    UnsafeRawBufferPointer(start: bytes, count: size * count), Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue())
            }
            _ = sl_curl_set_pointer(handle, CURLOPT_WRITEDATA, context)
            _ = sl_curl_set_data(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
                guard let context else { return 0 }
                CurlHandle.header(
                    UnsafeRawBufferPointer(start: bytes, count: size * count), Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue())
                return size * count
            }
            _ = sl_curl_set_pointer(handle, CURLOPT_HEADERDATA, context)
            guard let body = request.body else { return curl_easy_perform(handle) }
            _ = sl_curl_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
            return body.withUnsafeBytes { bytes in
                var nothing: UInt8 = 0
                return withUnsafePointer(to: &nothing) { empty in
                    _ = sl_curl_set_pointer(handle, CURLOPT_POSTFIELDS, bytes.baseAddress ?? UnsafeRawPointer(empty))
                    return curl_easy_perform(handle)
                }
            }
        }
        if let stopped = transfer.stopped { throw .stopped(stopped) }
        guard code == CURLE_OK else {
            let words = String(cString: curl_easy_strerror(code))
            throw code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ? .unreachable(words) : .broken(words)
        }
        transfer.answer.status = Self.status(handle)
        return transfer.answer
    }

    /// Address, method, headers. Returns the header list, which must live until the request is over.
    private func set(_ request: APIRequest) -> UnsafeMutablePointer<curl_slist>? {
        var headers: UnsafeMutablePointer<curl_slist>?
        switch address {
        case .socket(let path):
            _ = sl_curl_set_string(handle, CURLOPT_UNIX_SOCKET_PATH, path)
            _ = sl_curl_set_string(handle, CURLOPT_URL, "http://localhost" + request.target)
        case .url(let base, let token):
            _ = sl_curl_set_string(handle, CURLOPT_URL, base + request.target)
            if let token { headers = curl_slist_append(headers, "Authorization: Bearer " + token) }
        }
        // Signals are the program's, not libcurl's (it would use SIGALRM for time-outs of names).
        _ = sl_curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        // A name of a key may be `..`: the path goes as it is.
        _ = sl_curl_set_long(handle, CURLOPT_PATH_AS_IS, 1)
        // What the environment says of proxies is for other servers than this one.
        _ = sl_curl_set_string(handle, CURLOPT_PROXY, "")
        _ = sl_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT, 10)
        _ = sl_curl_set_string(handle, CURLOPT_CUSTOMREQUEST, request.method)
        for header in request.headers { headers = curl_slist_append(headers, header.name + ": " + header.value) }
        if request.body != nil {
            _ = sl_curl_set_long(handle, CURLOPT_POST, 1)
            headers = curl_slist_append(headers, "Content-Type: " + request.type)
        }
        return curl_slist_append(headers, "Accept: application/json, application/x-ndjson, application/problem+json")
    }

    private static func status(_ handle: UnsafeMutableRawPointer) -> Int {
        var status = 0
        _ = sl_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        return status
    }

    /// Takes a piece of the body; returns how much of it was taken, where less than all ends the transfer.
    private static func took(_ bytes: UnsafeRawBufferPointer, _ transfer: Transfer) -> Int {
        guard let sink = transfer.sink, (200..<300).contains(status(transfer.handle)) else {
            transfer.answer.body.append(contentsOf: bytes)
            return bytes.count
        }
        if let problem = sink(bytes) {
            transfer.stopped = problem
            return 0
        }
        return bytes.count
    }

    private static func header(_ bytes: UnsafeRawBufferPointer, _ transfer: Transfer) {
        let line = String(decoding: bytes, as: UTF8.self)
        guard let colon = line.firstIndex(of: ":") else { return }
        let value = line[line.index(after: colon)...].trimmed
        switch line[..<colon].lowercased() {
        case "content-type": transfer.answer.type = value
        case "retry-after": transfer.answer.retryAfter = Int(value)
        default: break
        }
    }
}
