/// What a browser asked for, free of the server's own types, so that pages can be tested without one.
package struct PageRequest: Sendable {
    package enum Method: String, Sendable { case get = "GET", head = "HEAD", post = "POST" }

    package var method: Method
    /// The path as it stood in the request line, still percent-encoded.
    package var path: String
    package var query: Parameters
    /// The fields of a posted form; empty for anything else.
    package var form: Parameters
    /// Header fields by their lower-case names.
    package var headers: [String: String]
    /// Who is at the other end of the connection: what tries at signing in are counted by.
    package var client: String
    /// True when the browser speaks TLS to us or to the proxy before us.
    package var isSecure: Bool

    package init(
        method: Method = .get, path: String, query: Parameters = Parameters(), form: Parameters = Parameters(), headers: [String: String] = [:],
        client: String = "", isSecure: Bool = false
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.form = form
        self.headers = headers
        self.client = client
        self.isSecure = isSecure
    }

    /// The most bytes a posted form may have: a definition of 60,000 bytes, most of them written as `%F0` and line breaks as `%0D%0A`,
    /// and some.
    package static let maximumForm = 256 * 1024

    /// The path's parts, decoded; nil when one is no UTF-8.
    var parts: [String]? {
        var found: [String] = []
        for part in path.utf8.split(separator: 47) {
            guard let text = Parameters.decoded(part, plusIsSpace: false) else { return nil }
            found.append(text)
        }
        return found
    }

    /// What stands before a path to make an address that somebody else can open: `https://cx.example.com`.
    var origin: String { (isSecure ? "https://" : "http://") + (headers["host"] ?? "localhost") }

    /// The value of a cookie, or nil.
    func cookie(_ name: String) -> String? {
        for pair in (headers["cookie"] ?? "").split(separator: ";") {
            let trimmed = pair.drop { $0 == " " }
            if trimmed.hasPrefix(name), trimmed.dropFirst(name.count).first == "=" { return String(trimmed.dropFirst(name.count + 1)) }
        }
        return nil
    }
}

/// Names and values of a query or a form, in their order.
package struct Parameters: Sendable, Equatable {
    package private(set) var pairs: [Pair] = []
    package struct Pair: Sendable, Equatable {
        package var name: String
        package var value: String
    }

    package init() {}
    package init(_ pairs: [(String, String)]) { self.pairs = pairs.map { Pair(name: $0.0, value: $0.1) } }

    /// Reads `application/x-www-form-urlencoded` text (WHATWG URL, section 5.1). Pairs that are no UTF-8 are left out.
    package init(encoded text: String) {
        for pair in text.utf8.split(separator: 38) {
            let halves = pair.split(separator: 61, maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(halves[0], plusIsSpace: true),
                let value = halves.count > 1 ? Self.decoded(halves[1], plusIsSpace: true) : ""
            else { continue }
            pairs.append(Pair(name: name, value: value))
        }
    }

    /// The first value of a name, without surrounding white space; nil when there is none or it is empty.
    package subscript(name: String) -> String? {
        guard let value = pairs.first(where: { $0.name == name })?.value.trimmed, !value.isEmpty else { return nil }
        return value
    }
    /// The first value of a name as it was sent, white space and all: for passwords. Empty when there is none.
    package func raw(_ name: String) -> String { pairs.first { $0.name == name }?.value ?? "" }
    /// Every value of a name that is not empty.
    package func all(_ name: String) -> [String] { pairs.filter { $0.name == name && !$0.value.isEmpty }.map(\.value) }

    package mutating func add(_ name: String, _ value: String) { pairs.append(Pair(name: name, value: value)) }

    /// The text that reads back as these parameters.
    package var encoded: String { pairs.map { Self.encoded($0.name) + "=" + Self.encoded($0.value) }.joined(separator: "&") }

    static func decoded(_ text: Substring.UTF8View, plusIsSpace: Bool) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var rest = text[...]
        while let byte = rest.popFirst() {
            if byte == 37, let high = rest.first.flatMap(hexDigit), let low = rest.dropFirst().first.flatMap(hexDigit) {
                bytes.append(high << 4 | low)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == 43 && plusIsSpace ? 32 : byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }

    /// A part of a path or a query, with everything encoded but letters, digits and `-._~` (RFC 3986, section 2.3).
    package static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: out.append(byte)
            default: out.append(contentsOf: [37, digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}

/// What a browser gets.
package struct PageAnswer: Sendable {
    package enum Body: Sendable {
        case bytes([UInt8])
        /// Written piece by piece until the stream ends; the pieces are whole server-sent events. Call `end` when the client is gone.
        case stream(AsyncStream<[UInt8]>, end: @Sendable () -> Void)
        /// Asked for piece by piece, as fast as the client takes them, until there is none. When it throws the answer breaks off, so
        /// that nobody takes the part for the whole.
        case pieces(@Sendable () async throws -> [UInt8]?)
    }
    package var status: Int
    /// Names in lower case. A name may stand more than once.
    package var headers: [(name: String, value: String)]
    package var body: Body

    package init(status: Int, headers: [(name: String, value: String)] = [], body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    static func page(_ html: String, status: Int = 200) -> PageAnswer {
        PageAnswer(status: status, headers: [("content-type", "text/html; charset=utf-8")], body: .bytes(Array(html.utf8)))
    }
    /// 303: look there next, with GET.
    static func seeOther(_ place: String) -> PageAnswer { PageAnswer(status: 303, headers: [("location", place)]) }

    /// The first value of a header.
    package func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
    /// The body as text; empty for a stream.
    package var text: String {
        if case .bytes(let bytes) = body { String(decoding: bytes, as: UTF8.self) } else { "" }
    }
}

extension StringProtocol {
    /// Without white space at both ends.
    var trimmed: String {
        var part = self[...]
        while let first = part.first, first.isWhitespace { part.removeFirst() }
        while let last = part.last, last.isWhitespace { part.removeLast() }
        return String(part)
    }
}
