import CCurl
import Kernel

/// One libcurl handle, for one request at a time, on one thread at a time. Performed by itself it keeps its connection open for the next.
package final class CurlHandle {
    let raw: UnsafeMutableRawPointer
    private var headers: UnsafeMutablePointer<curl_slist>?
    private var transfer: Transfer?

    /// Takes a piece of a successful answer's body, at its own pace: until it returns nothing more is read, and the server waits.
    /// False ends the transfer.
    package typealias Sink = (UnsafeRawBufferPointer) -> Bool

    /// What the callbacks of one request read and fill.
    private final class Transfer {
        let handle: UnsafeMutableRawPointer
        let mostBytes: Int
        let mayConnect: (@Sendable (IPAddress) -> Bool)?
        let sink: Sink?
        var answer = CurlAnswer()
        /// The body has more bytes than may be read.
        var isFull = false
        var isStopped = false
        /// The first address that may not be connected to.
        var refused: IPAddress?

        init(_ handle: UnsafeMutableRawPointer, _ request: CurlRequest, _ sink: Sink?) {
            self.handle = handle
            mostBytes = request.mostBytes
            mayConnect = request.mayConnect
            self.sink = sink
        }
    }

    /// Makes one without a connection. Without memory for it the program ends: nothing could go on then.
    package init() {
        // Safe to call again: libcurl counts. Its first call must not run beside another, which `ready` sees to.
        _ = Self.ready
        guard let made = curl_easy_init() else { preconditionFailure("no memory for an HTTP client") }
        raw = made
    }

    deinit {
        curl_easy_cleanup(raw)
        curl_slist_free_all(headers)
    }

    static let ready: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// Sends a request and waits for the whole answer.
    /// - Parameter sink: Takes the body of a successful answer piece by piece; without it the body is in the answer.
    package func perform(_ request: CurlRequest, sink: Sink? = nil) throws(CurlProblem) -> CurlAnswer {
        prepare(request, sink)
        return try conclude(curl_easy_perform(raw))
    }

    /// Sets everything, so that the handle can be performed.
    func prepare(_ request: CurlRequest, _ sink: Sink? = nil) {
        let transfer = Transfer(raw, request, sink)
        self.transfer = transfer
        curl_easy_reset(raw)
        if let socket = request.socket { _ = sl_curl_set_string(raw, CURLOPT_UNIX_SOCKET_PATH, socket) }
        _ = sl_curl_set_string(raw, CURLOPT_URL, request.url)
        _ = sl_curl_web_only(raw)
        sl_curl_quick_exit(raw)
        // Signals are the program's, not libcurl's (it would use SIGALRM for time-outs of names).
        _ = sl_curl_set_long(raw, CURLOPT_NOSIGNAL, 1)
        // A name in a path may be `..`: the path goes as it is.
        _ = sl_curl_set_long(raw, CURLOPT_PATH_AS_IS, 1)
        // What the environment says of proxies is not about our calls; a proxy would connect where we would not.
        _ = sl_curl_set_string(raw, CURLOPT_PROXY, "")
        _ = sl_curl_set_long(raw, CURLOPT_FOLLOWLOCATION, 0)
        _ = sl_curl_set_long(raw, CURLOPT_CONNECTTIMEOUT, request.connectSeconds)
        if let limit = request.limit { _ = sl_curl_set_long(raw, CURLOPT_TIMEOUT_MS, limit) }
        _ = sl_curl_set_string(raw, CURLOPT_CUSTOMREQUEST, request.method)
        if let body = request.body {
            _ = sl_curl_set_long(raw, CURLOPT_POST, 1)
            _ = sl_curl_set_size(raw, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
            // Copied, so that nothing of ours has to stay where it is.
            body.withUnsafeBytes { bytes in
                var nothing: UInt8 = 0
                withUnsafePointer(to: &nothing) { empty in
                    _ = sl_curl_set_pointer(raw, CURLOPT_COPYPOSTFIELDS, bytes.baseAddress ?? UnsafeRawPointer(empty))
                }
            }
        }
        set(request.headers)
        setCallbacks(Unmanaged.passUnretained(transfer).toOpaque(), checksAddresses: request.mayConnect != nil)
    }

    private func set(_ lines: [String]) {
        curl_slist_free_all(headers)
        // An empty one leaves the header out: nobody of ours waits for a 100.
        headers = curl_slist_append(nil, "Expect:")
        for line in lines { headers = curl_slist_append(headers, line) }
        _ = sl_curl_set_pointer(raw, CURLOPT_HTTPHEADER, headers)
    }

    private func setCallbacks(_ context: UnsafeMutableRawPointer, checksAddresses: Bool) {
        _ = sl_curl_set_data(raw, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let context else { return 0 }
            return CurlHandle.took(
                UnsafeRawBufferPointer(start: bytes, count: size * count), Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue())
        }
        _ = sl_curl_set_pointer(raw, CURLOPT_WRITEDATA, context)
        _ = sl_curl_set_data(raw, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            guard let context else { return 0 }
            CurlHandle.header(
                UnsafeRawBufferPointer(start: bytes, count: size * count), Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue())
            return size * count
        }
        _ = sl_curl_set_pointer(raw, CURLOPT_HEADERDATA, context)
        guard checksAddresses else { return }
        _ = sl_curl_set_open(raw) { context, _, address in
            guard let context, let address else { return sl_curl_no_socket() }
            return CurlHandle.open(address, Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue())
        }
        _ = sl_curl_set_pointer(raw, CURLOPT_OPENSOCKETDATA, context)
    }

    /// What a performed request came to.
    func conclude(_ code: CURLcode) throws(CurlProblem) -> CurlAnswer {
        guard let transfer else { throw .broken("it was not prepared") }
        self.transfer = nil
        if transfer.isStopped { throw .stopped }
        guard code == CURLE_OK || transfer.isFull else {
            let words = String(cString: curl_easy_strerror(code))
            switch code {
            case CURLE_COULDNT_CONNECT:
                if let refused = transfer.refused { throw .forbidden(refused) }
                throw .unreachable(words)
            case CURLE_COULDNT_RESOLVE_HOST: throw .unreachable(words)
            case CURLE_OPERATION_TIMEDOUT: throw .tooSlow(words)
            default: throw .broken(words)
            }
        }
        transfer.answer.status = Self.status(raw)
        return transfer.answer
    }

    private static func status(_ handle: UnsafeMutableRawPointer) -> Int {
        var status = 0
        _ = sl_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        return status
    }

    /// Opens the socket of an address, when it may be connected to: the one that a name was looked up to just now, whatever it was
    /// before.
    private static func open(_ address: UnsafeMutablePointer<curl_sockaddr>, _ transfer: Transfer) -> curl_socket_t {
        var bytes = [UInt8](repeating: 0, count: 16)
        guard sl_curl_address(address, &bytes) == 1, let found = IPAddress(bytes) else { return sl_curl_no_socket() }
        guard transfer.mayConnect?(found) ?? true else {
            transfer.refused = transfer.refused ?? found
            return sl_curl_no_socket()
        }
        return sl_curl_socket(address)
    }

    /// Takes a piece of the body; returns how much of it was taken, where less than all ends the transfer.
    private static func took(_ bytes: UnsafeRawBufferPointer, _ transfer: Transfer) -> Int {
        guard let sink = transfer.sink, (200..<300).contains(status(transfer.handle)) else {
            let room = transfer.mostBytes - transfer.answer.body.count
            transfer.answer.body.append(contentsOf: bytes.prefix(room))
            transfer.isFull = bytes.count > room
            return transfer.isFull ? 0 : bytes.count
        }
        transfer.isStopped = !sink(bytes)
        return transfer.isStopped ? 0 : bytes.count
    }

    /// What `Retry-After` says: seconds, or a date (RFC 9110, section 10.2.3). A receiver may write anything, so what is greater than can be
    /// counted counts as the most, and what is neither as nothing said.
    private static func retry(_ value: String) -> (seconds: Int?, at: Instant?) {
        if !value.isEmpty, value.utf8.allSatisfy({ (48...57).contains($0) }) { return (Int(value) ?? .max, nil) }
        // -1 is no date, and nothing before 1970 is one to wait for.
        let date = Int64(curl_getdate(value, nil))
        guard date >= 0 else { return (nil, nil) }
        let (milliseconds, isTooFar) = date.multipliedReportingOverflow(by: 1_000)
        return (nil, Instant(milliseconds: isTooFar ? .max : milliseconds))
    }

    private static func header(_ bytes: UnsafeRawBufferPointer, _ transfer: Transfer) {
        let line = String(decoding: bytes, as: UTF8.self)
        guard let colon = line.firstIndex(of: ":") else { return }
        var value = line[line.index(after: colon)...]
        while value.first?.isWhitespace == true { value.removeFirst() }
        while value.last?.isWhitespace == true { value.removeLast() }
        switch line[..<colon].lowercased() {
        case "content-type": transfer.answer.type = String(value)
        case "retry-after": (transfer.answer.retryAfter, transfer.answer.retryAt) = retry(String(value))
        default: break
        }
    }
}
